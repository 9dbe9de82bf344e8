"""The overview of an analysis: patterns of the whole folder, and what each file was taken for."""

from collections.abc import Iterable

from detection.graph import Dependencies, has_driver
from detection.images import DATABASES
from detection.index import FolderIndex
from detection.model import (
    DetectedDatabase,
    DetectedService,
    Evidence,
    FileIndicator,
    Patterns,
)

_DEPLOYMENT = frozenset(
    [
        "Dockerfile",
        "Containerfile",
        "compose.yaml",
        "compose.yml",
        "docker-compose.yml",
        "docker-compose.yaml",
        "Procfile",
        "app.json",
        "render.yaml",
        "fly.toml",
        "railway.json",
        "railway.toml",
        "vercel.json",
        "netlify.toml",
        "app.yaml",
        "heroku.yml",
        "project.toml",
        "nixpacks.toml",
        "railpack.json",
        "devfile.yaml",
        "skaffold.yaml",
        "Tiltfile",
        "kyozo.toml",
        "Staticfile",
    ]
)
_CONFIGURATION = frozenset(
    [
        "package.json",
        "requirements.txt",
        "pyproject.toml",
        "Pipfile",
        "go.mod",
        "Cargo.toml",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "Gemfile",
        "composer.json",
        "tsconfig.json",
        ".env.example",
        ".nvmrc",
        ".python-version",
        ".tool-versions",
        "mise.toml",
        "nginx.conf",
        "vite.config.ts",
        "vite.config.js",
        "next.config.js",
        "next.config.mjs",
        "next.config.ts",
    ]
)
_TYPES = {
    "requirements.txt": "dependencies",
    "package.json": "dependencies",
    "go.mod": "dependencies",
    "Cargo.toml": "dependencies",
    "Gemfile": "dependencies",
    "composer.json": "dependencies",
    "pom.xml": "dependencies",
    "pyproject.toml": "dependencies",
}


def patterns(
    index: FolderIndex,
    services: tuple[DetectedService, ...],
    databases: tuple[DetectedDatabase, ...],
    dependencies: Dependencies,
) -> Patterns:
    kinds = {database.kind for database in databases}
    kinds |= {
        row.kind
        for row in DATABASES
        if any(has_driver(row, names) for names in dependencies.values())
    }
    return Patterns(
        languages=_sorted(service.language for service in services),
        frameworks=_sorted(service.framework for service in services),
        databases=tuple(sorted(kinds)),
        services=tuple(service.name for service in services),
        deployment_files=_named(index, services, _DEPLOYMENT),
        config_files=_named(index, services, _CONFIGURATION),
    )


def _sorted(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))


def _named(
    index: FolderIndex, services: tuple[DetectedService, ...], names: frozenset[str]
) -> tuple[str, ...]:
    """Files with one of these names at the root and in the services' own folders."""
    found: list[str] = []
    for path in sorted({".", *(service.path for service in services)}):
        prefix = "" if path == "." else f"{path}/"
        found += [prefix + name for name in index.directory(path).files if name in names]
    return tuple(found)


def indicators(
    services: tuple[DetectedService, ...], databases: tuple[DetectedDatabase, ...]
) -> tuple[FileIndicator, ...]:
    """Evidence by file: what each one said, and the strongest weight of it."""
    by_file: dict[str, list[Evidence]] = {}
    for evidence in [s.evidence for s in services] + [d.evidence for d in databases]:
        for item in evidence:
            by_file.setdefault(item.file, []).append(item)
    return tuple(
        FileIndicator(
            file,
            _TYPES.get(file.rpartition("/")[2], items[0].rule),
            tuple(dict.fromkeys(item.detail for item in items)),
            round(max(item.weight for item in items), 2),
        )
        for file, items in sorted(by_file.items())
    )
