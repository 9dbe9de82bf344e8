"""Reading compose files: names, include, extends, profiles, ${VARIABLES} and their defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from detection import values
from detection.parsing import parse_env
from detection.place import Place

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_PRODUCTION = (
    "docker-compose.prod.yml",
    "docker-compose.prod.yaml",
    "docker-compose.production.yml",
    "compose.prod.yaml",
    "compose.prod.yml",
)
# One that is never closed takes the rest of the text: looked for again at each `${`, a text full
# of them would take for ever.
_VARIABLE = re.compile(
    r"\$\$|\$\{(?P<braced>\w++)(?::?(?P<operator>[-?+])(?P<rest>[^}]*+))?(?P<end>\}|\Z)|\$(?P<bare>\w++)"
)
_MAX_FILES = 10


@dataclass(frozen=True, slots=True)
class ComposeService:
    """One service as its file wrote it, and the folder its paths are relative to."""

    name: str
    data: values.Table
    folder: str
    file: str


@dataclass(slots=True)
class ComposeProject:
    """All services of a compose file and what it includes.

    `files` has the file behind each secret and config, by `secrets/NAME` and `configs/NAME`.
    """

    place: Place
    file: str
    services: dict[str, ComposeService] = field(default_factory=dict)
    volumes: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def expand(self, text: str) -> tuple[str, bool]:
        """The text with variables replaced, and whether one had no value at all."""
        missing = False

        def replace(match: re.Match[str]) -> str:
            nonlocal missing
            if match[0] == "$$":
                return "$"
            if match["end"] == "":
                return match[0]
            name, operator = match["braced"] or match["bare"], match["operator"]
            if name in self.variables:
                return self.variables[name] if operator != "+" else match["rest"]
            missing = missing or operator not in {"-", "+"}
            return match["rest"] if operator == "-" else ""

        # Cut, and cut again: a short text can name a long value a thousand times.
        return values.cut(_VARIABLE.sub(replace, values.cut(text))), missing


def find_compose(place: Place) -> str | None:
    """The file `docker compose up` would take; a production file where it is the only one."""
    return place.find(*NAMES) or place.find(*_PRODUCTION)


def read_compose(place: Place) -> ComposeProject | None:
    """The compose project of a place, or None where there is none with services."""
    file = find_compose(place)
    if file is None:
        return None
    project = ComposeProject(place, file, variables=parse_env(place.source(".env")))
    _read(project, file, seen=set())
    project.services = {
        name: service
        for name, service in project.services.items()
        if not _is_optional(project, service)
    }
    return project if project.services else None


def _read(project: ComposeProject, file: str, *, seen: set[str]) -> None:
    if file in seen or len(seen) >= _MAX_FILES:
        return
    seen.add(file)
    data = project.place.yaml(file)
    for included in _includes(data):
        path = inside(file.rpartition("/")[0], included)
        if path is None or not project.place.has(path):
            project.warnings.append(f"{file} includes {included}, which is not in this folder")
            continue
        _read(project, path, seen=seen)
    folder = file.rpartition("/")[0] or "."
    project.volumes |= set(values.table(data, "volumes"))
    project.files |= _declared_files(data, "" if folder == "." else folder)
    for name, service in values.table(data, "services").items():
        if isinstance(service, Mapping):
            merged = _extended(project, file, values.table(service), depth=0)
            project.services[name] = ComposeService(name, merged, folder, file)


def _declared_files(data: object, folder: str) -> dict[str, str]:
    found = {
        f"{kind}/{name}": inside(folder, values.text(entry, "file") or "..")
        for kind in ("secrets", "configs")
        for name, entry in values.table(data, kind).items()
    }
    return {name: path for name, path in found.items() if path}


def _includes(data: object) -> list[str]:
    found: list[str] = []
    for item in values.items(data, "include"):
        found += (
            values.strings(item, "path") if isinstance(item, Mapping) else values.strings([item])
        )
    return found


def inside(folder: str, path: str) -> str | None:
    """`path` from `folder`, normalised; None where it leaves the analysed folder."""
    if path.startswith(("/", "~")) or "://" in path:
        return None
    parts: list[str] = []
    for part in [*folder.split("/"), *path.split("/")]:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts) or "."


def _extended(
    project: ComposeProject, file: str, data: values.Table, *, depth: int
) -> values.Table:
    """`extends` resolved: what the service says itself stands over what it extends."""
    extends = values.dig(data, "extends")
    base_name = extends if isinstance(extends, str) else values.text(extends, "service")
    if base_name is None or depth > 5:
        return data
    base_file = values.text(extends, "file")
    path = inside(file.rpartition("/")[0], base_file) if base_file else file
    base = values.table(project.place.yaml(path), "services", base_name) if path else values.EMPTY
    if not base:
        project.warnings.append(f"{file} extends {base_name}, which is not to be found")
        return data
    under = _extended(project, path or file, base, depth=depth + 1)
    return {**under, **{key: _merge(under.get(key), value) for key, value in data.items()}}


def _merge(under: object, over: object) -> object:
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        return {**under, **over}
    return over


def _is_optional(project: ComposeProject, service: ComposeService) -> bool:
    """A service with profiles starts only when one of them is asked for."""
    profiles = values.strings(service.data, "profiles")
    if profiles:
        project.warnings.append(
            f"service {service.name} is left out: it belongs to the profile {profiles[0]}"
        )
    return bool(profiles)
