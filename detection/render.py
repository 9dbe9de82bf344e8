"""A service becomes Dockerfile text, from the template of its language."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from detection.base_images import BaseResolver, public_base
from detection.errors import NotRenderableError
from detection.model import DetectedService
from detection.runners import is_called, without_runner

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "dockerfiles"
NGINX_CONFIG = ".kyozo/nginx.conf"
IGNORED = [
    ".git",
    ".gitignore",
    ".hg",
    ".svn",
    ".env",
    ".env.*",
    "!.env.example",
    "**/.env",
    "**/.env.*",
    "node_modules",
    "**/node_modules",
    ".venv",
    "venv",
    "env/pyvenv.cfg",
    "**/__pycache__",
    "**/*.pyc",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
    ".next",
    ".nuxt",
    ".output",
    ".svelte-kit",
    ".turbo",
    ".cache",
    "coverage",
    ".coverage",
    ".DS_Store",
    ".idea",
    ".vscode",
    "*.log",
    "Dockerfile*",
    "compose*.y*ml",
    "docker-compose*.y*ml",
    ".dockerignore",
]
_SHELL = re.compile(r"[$&|;<>()`*?\[\]{}~#\n]|^\w+=")

# Tools that install tools: pinned to a major version, so that a Dockerfile keeps building.
PINNED = {
    "uv": '"uv<1"',
    "poetry": '"poetry<3" "poetry-plugin-export<2"',
    # PDM does not bound these two, and their next releases changed what it calls.
    "pdm": '"pdm<2.24" "hishel<1" "unearth<0.18"',
    "pipenv": '"pipenv<2027"',
}
PACKAGED_GENERATORS = frozenset({"hugo", "mkdocs"})
NEWEST = {"pnpm": "10", "yarn": "1", "bun": "1"}
CACHES = {
    "npm": "/root/.npm",
    "pnpm": "/root/.local/share/pnpm/store",
    "yarn": "/usr/local/share/.cache/yarn",
    "bun": "/root/.bun/install/cache",
    "pip": "/root/.cache/pip",
    "uv": "/root/.cache/uv",
    "poetry": "/root/.cache/pip",
    "pdm": "/root/.cache/pdm",
    "pipenv": "/root/.cache/pipenv",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """The Dockerfile, and what has to lie in the build context beside the person's files."""

    dockerfile: str
    files: Mapping[str, str] = field(default_factory=dict)
    dockerignore: str | None = None


def render_dockerfile(service: DetectedService, *, base: BaseResolver = public_base) -> Rendered:
    """Raises NotRenderableError for a ready image, an own Dockerfile and an unknown type."""
    template = template_of(service)
    values = _values(service, base)
    text = _environment().get_template(f"{template}.Dockerfile").render(values)
    files = {}
    if service.service_type == "static":
        files[NGINX_CONFIG] = _environment().get_template("nginx.conf").render(values)
    return Rendered(_tidy(text), files, "\n".join(IGNORED) + "\n")


def template_of(service: DetectedService) -> str:
    if service.image:
        raise NotRenderableError(f"{service.name} runs the image {service.image}: nothing to build")
    if service.dockerfile_path:
        raise NotRenderableError(f"{service.name} is built from its own {service.dockerfile_path}")
    if service.service_type == "static":
        return _static_template(service)
    if service.service_type == "unknown":
        what = service.language or service.name
        raise NotRenderableError(f"{what} cannot be built: add a Dockerfile to {service.path}")
    if not service.start_command:
        raise NotRenderableError(
            f"nothing says how to start {service.name}: add `start` to kyozo.toml, or a Procfile"
        )
    names = {"nodejs": "node", "golang": "go"}
    return names.get(service.service_type, service.service_type)


def _static_template(service: DetectedService) -> str:
    generator = service.build_facts.get("generator")
    if generator in PACKAGED_GENERATORS:
        return "generator"
    if generator:
        raise NotRenderableError(f"{generator} has no Debian package: add a Dockerfile")
    if service.language == "ruby":
        return "ruby-static"
    return "node-static" if service.language in {"javascript", "typescript"} else "static"


def _values(service: DetectedService, base: BaseResolver) -> dict[str, object]:
    start, build = (_in_image(service, command) for command in _commands(service))
    return {
        "service": service,
        "facts": service.build_facts,
        "version": _asked_version(service),
        "base": base,
        "starts_from_output": _starts_from_output(service),
        "command": exec_form(start),
        "build_command": build,
        "brings_tool": is_called(service.build_facts.get("tool", "pip"), (start, build)),
        "manifest_groups": _by_folder(service.manifest_files),
        "pinned": PINNED,
        "manager": service.build_facts.get("manager", "none"),
        "manager_package": _manager_package(service),
        "caches": CACHES,
    }


def _commands(service: DetectedService) -> tuple[str, str]:
    return service.start_command or "", service.build_command or ""


def _in_image(service: DetectedService, command: str) -> str:
    """As it is said where the environment is on PATH."""
    if service.service_type != "python":
        return command
    return without_runner(command, scripts=service.build_facts.get("scripts", "").split())


def _starts_from_output(service: DetectedService) -> bool:
    """Whether the command names files where the build left them: `java -jar target/shop.jar`."""
    output = service.build_facts.get("output")
    named = rf"(?:^|[\s:=/]){re.escape(output)}/" if output else r"(?!)"
    return bool(re.search(named, service.start_command or ""))


def _asked_version(service: DetectedService) -> str | None:
    return f">={service.minimum_version}" if service.minimum_version else service.language_version


def _manager_package(service: DetectedService) -> str:
    """The npm package, with its release, that brings pnpm, yarn or bun."""
    name = service.build_facts.get("manager", "")
    version = service.build_facts.get("manager_version") or NEWEST.get(name, "latest")
    is_berry = name == "yarn" and not version.startswith(("0", "1"))
    return f"@yarnpkg/cli-dist@{version}" if is_berry else f"{name}@{version}"


def exec_form(command: str) -> str:
    """The JSON array for CMD; a shell is kept only for what needs one, and replaced by `exec`."""
    if _SHELL.search(command):
        simple = not re.search(r"&&|\|\||[;|]", command)
        before = "exec env " if re.match(r"\w+=", command) else "exec "
        return json.dumps(["/bin/sh", "-c", f"{before}{command}" if simple else command])
    try:
        return json.dumps(shlex.split(command))
    except ValueError:
        return json.dumps(["/bin/sh", "-c", command])


def _by_folder(files: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """COPY flattens paths, so files are copied folder by folder."""
    groups: dict[str, list[str]] = {}
    for file in files:
        folder, slash, _ = file.rpartition("/")
        groups.setdefault(f"{folder}{slash}", []).append(_copy_word(file))
    return list(groups.items())


def _copy_word(path: str) -> str:
    return path.replace(" ", "\\ ")


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


@lru_cache(maxsize=1)
def _environment() -> "jinja2.Environment":
    import jinja2  # noqa: PLC0415 - slow to import, and whoever only looks at a folder needs none

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Dockerfiles, not pages
    )
