"""Site generators that are one program of their own: Hugo, Zola, mdBook, MkDocs."""

import re
from dataclasses import dataclass

from detection import values
from detection.finding import Finding, Notes
from detection.place import Place


@dataclass(frozen=True, slots=True)
class Generator:
    """`markers` are configuration files; one of `folders` or `keys` must agree with them."""

    name: str
    language: str
    markers: tuple[str, ...]
    folders: tuple[str, ...]
    keys: tuple[str, ...]
    build: str
    output: str


GENERATORS = (
    Generator(
        "hugo",
        "go",
        (
            "hugo.toml",
            "hugo.yaml",
            "hugo.yml",
            "hugo.json",
            "config.toml",
            "config.yaml",
            "config.yml",
            "config.json",
            "config/_default/hugo.toml",
            "config/_default/config.toml",
        ),
        ("archetypes", "layouts", "themes", "content"),
        ("baseURL", "baseurl", "theme"),
        "hugo --minify",
        "public",
    ),
    Generator(
        "zola",
        "rust",
        ("zola.toml", "config.toml"),
        ("templates", "content", "themes"),
        ("base_url",),
        "zola build",
        "public",
    ),
    Generator("mdbook", "rust", ("book.toml",), ("src",), ("book",), "mdbook build", "book"),
    Generator(
        "mkdocs",
        "python",
        ("mkdocs.yml", "mkdocs.yaml"),
        ("docs",),
        ("site_name",),
        "mkdocs build",
        "site",
    ),
)


@dataclass(frozen=True, slots=True)
class GeneratorProvider:
    manifests: frozenset[str] = frozenset(
        {"hugo.toml", "hugo.yaml", "zola.toml", "book.toml", "mkdocs.yml"}
    )

    def examine(self, place: Place) -> Finding | None:
        for row in GENERATORS:
            marker = next((name for name in row.markers if place.has(name)), None)
            if marker and _agrees(place, row, marker):
                return _describe(place, row, marker)
        return None


def _agrees(place: Place, row: Generator, marker: str) -> bool:
    """config.toml is anybody's name: the generator's own key or file name has to be there too."""
    data = place.toml(marker) if marker.endswith(".toml") else None
    if marker.endswith((".yaml", ".yml")):
        data = place.yaml(marker)
    if marker.endswith(".json"):
        data = place.json(marker)
    keys = values.table(data)
    if row.name in marker:
        return True
    return any(key in keys for key in row.keys) and any(place.has_folder(f) for f in row.folders)


def _describe(place: Place, row: Generator, marker: str) -> Finding:
    notes = Notes(place)
    notes.saw("generator", marker, row.name, weight=0.9)
    return Finding(
        service_type="static",
        language=row.language,
        role="site",
        evidence=tuple(notes.evidence),
        framework=row.name,
        install_command=_install(place, marker) if row.name == "mkdocs" else None,
        build_command=row.build,
        port=8080,
        health_endpoint="/",
        output_directory=row.output,
        build_facts={"generator": row.name},
    )


def _install(place: Place, marker: str) -> str | None:
    """By pip where the site wants more than MkDocs itself brings: requirements, or a theme."""
    for file in ("requirements.txt", "docs/requirements.txt"):
        if "mkdocs" in (place.text(file) or ""):
            return f"pip install -r {file}"
    settings = place.yaml(marker)
    theme = values.text(settings, "theme", "name") or values.text(settings, "theme") or "mkdocs"
    if theme in {"mkdocs", "readthedocs"} or not re.fullmatch(r"[a-z][\w-]*", theme):
        return None
    return f"pip install mkdocs mkdocs-{theme}"
