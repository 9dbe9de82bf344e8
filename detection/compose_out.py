"""An analysis as a compose.yaml for the whole folder, with the files its builds need beside it."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import yaml

from detection import values
from detection.base_images import BaseResolver, public_base
from detection.compose_databases import data_volumes, proposed, setting
from detection.errors import NotRenderableError
from detection.images import KIND
from detection.model import (
    Analysis,
    DetectedDatabase,
    DetectedService,
    EnvironmentVariable,
    HealthCommand,
    MountedFile,
    Volume,
)
from detection.render import render_dockerfile

COMPOSE = "compose.yaml"
FOLDER = ".kyozo"
_HEAD = (
    "# What Kyozo found here, for `docker compose up --build`. Variables without a value are"
    " taken from the shell or from .env.\n"
)


def compose_files(found: Analysis, *, base: BaseResolver = public_base) -> dict[str, str]:
    """The text of each file by its path in the folder: compose.yaml first, then for the builds.

    Understood by every compose since 1.28: no `name`, no `deploy`, no Dockerfile inside.
    """
    files: dict[str, str] = {}
    services: dict[str, object] = {}
    left_out: list[str] = []
    taken: set[int] = set()
    for service in found.services:
        try:
            files |= _build_files(service, base)
        except NotRenderableError as exc:
            left_out.append(str(exc))
            continue
        services[service.name] = _service(service, found, taken)
    services |= {database.name: _database(database) for database in found.databases}
    for name, row in services.items():
        services[name] = _waiting(values.table(row), services)
    volumes = _named_volumes([*found.services, *found.databases], services)
    volumes |= {name: None for database in found.databases for name in data_volumes(database)}
    document = {"services": services} | ({"volumes": volumes} if volumes else {})
    head = _HEAD + "".join(f"# Left out: {reason}\n" for reason in left_out)
    for database in (d for d in found.databases if not d.declared):
        row = KIND.get(database.kind)
        head += f"# {database.name}: {row.licence}\n" if row and row.licence else ""
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000)
    return {COMPOSE: head + text, **files}


def _build_files(service: DetectedService, base: BaseResolver) -> dict[str, str]:
    """Under the service's own name: several may be built from one folder."""
    if service.image or service.dockerfile_path:
        return {}
    rendered = render_dockerfile(service, base=base)
    named = {
        path: path.replace(f"{FOLDER}/", f"{FOLDER}/{service.name}.") for path in rendered.files
    }
    text = rendered.dockerfile
    for path, own in named.items():
        text = text.replace(f"COPY {path} ", f"COPY {own} ")
    files = {_dockerfile(service): text}
    files |= {named[path]: content for path, content in rendered.files.items()}
    files[".dockerignore"] = rendered.dockerignore or ""
    context = PurePosixPath(service.build_context)
    return {str(context / path): content for path, content in files.items()}


def _dockerfile(service: DetectedService) -> str:
    return f"{FOLDER}/{service.name}.Dockerfile"


def _waiting(row: values.Table, services: Mapping[str, object]) -> dict[str, object]:
    """Without what was left out; until it is healthy, where the one waited for can say so."""
    waits = [name for name in values.strings(row, "depends_on") if name in services]
    written = {key: value for key, value in row.items() if key != "depends_on" or waits}
    checked = {name for name in waits if values.dig(services, name, "healthcheck")}
    if checked:
        conditions = {True: "service_healthy", False: "service_started"}
        written["depends_on"] = {name: {"condition": conditions[name in checked]} for name in waits}
    elif waits:
        written["depends_on"] = waits
    return written


def _service(service: DetectedService, found: Analysis, taken: set[int]) -> dict[str, object]:
    names = {s.name for s in found.services} | {d.name for d in found.databases}
    undeclared = {d.name for d in found.databases if not d.declared}
    asks = {edge.target for edge in found.edges if edge.source == service.name}
    waits = [
        n for n in dict.fromkeys([*service.depends_on, *sorted(asks & undeclared)]) if n in names
    ]
    written: dict[str, object] = _source(service)
    written["entrypoint"] = [_plain(word) for word in service.entrypoint]
    written["command"] = [_plain(word) for word in service.command]
    written["environment"] = _environment(service, found)
    if service.port and service.process == "web":
        written["ports"] = [
            f"{_free(service.published_port or service.port, taken)}:{service.port}"
        ]
    written["volumes"] = _mounts(service.volumes, service.files)
    written["depends_on"] = waits
    written["healthcheck"] = _health(service.health_command)
    if service.process in {"release", "cron"}:
        # Started by hand or by a clock: `docker compose run`.
        written["profiles"] = [service.process]
    else:
        written["restart"] = "unless-stopped"
    return {key: value for key, value in written.items() if value}


def _source(service: DetectedService) -> dict[str, object]:
    if service.image:
        return {"image": _plain(service.image)}
    context = PurePosixPath(service.build_context)
    below = posixpath.relpath(service.dockerfile_path or ".", str(context))
    build: dict[str, object] = {
        "context": str(context) if str(context) == "." else f"./{context}",
        "dockerfile": below if service.dockerfile_path else _dockerfile(service),
        "target": service.build_target,
        "args": {name: _plain(value) for name, value in service.build_args.items()},
    }
    return {"build": {key: value for key, value in build.items() if value}}


def _environment(service: DetectedService, found: Analysis) -> dict[str, str | None]:
    written = _variables(service.environment)
    asked = {edge.target for edge in found.edges if edge.source == service.name}
    for database in found.databases:
        row = KIND.get(database.kind)
        if database.declared or row is None or database.name not in asked:
            continue
        for name in (name for name in written if re.match(row.variables or "^$", name)):
            written[name] = setting(name, database) or written[name]
    if service.port and not (service.image or service.dockerfile_path):
        written["PORT"] = str(service.port)
    return written


def _variables(variables: Iterable[EnvironmentVariable]) -> dict[str, str | None]:
    """Without a value a variable comes from the shell that runs compose."""
    return {v.name: None if v.default is None else _plain(v.default) for v in variables}


def _database(database: DetectedDatabase) -> dict[str, object]:
    if not database.declared:
        return proposed(database)
    written: dict[str, object] = {
        "image": _plain(database.image or database.kind),
        "command": [_plain(word) for word in database.command],
        "environment": _variables(database.environment),
        "volumes": _mounts(database.volumes, database.files),
        "healthcheck": _health(database.health_command),
        "restart": "unless-stopped",
    }
    return {key: value for key, value in written.items() if value}


def _mounts(volumes: tuple[Volume, ...], files: tuple[MountedFile, ...]) -> list[str]:
    kept = [f"{v.name}:{v.path}" + (":ro" if v.mode == "ro" else "") for v in volumes]
    return kept + [f"./{file.source}:{file.path}:ro" for file in files]


def _named_volumes(
    rows: list[DetectedService | DetectedDatabase], services: dict[str, object]
) -> dict[str, None]:
    return {volume.name: None for row in rows if row.name in services for volume in row.volumes}


def _health(check: HealthCommand | None) -> dict[str, object]:
    if check is None:
        return {}
    times = {
        "interval": check.interval_s,
        "timeout": check.timeout_s,
        "start_period": check.start_period_s,
    }
    written: dict[str, object] = {"test": [_plain(word) for word in check.test]}
    written |= {name: f"{seconds:g}s" for name, seconds in times.items() if seconds}
    return written | ({"retries": check.retries} if check.retries else {})


def _free(port: int, taken: set[int]) -> int:
    """The port on the host: the next one where two services listen on the same."""
    while port in taken:
        port += 1
    taken.add(port)
    return port


def _plain(text: str) -> str:
    """A dollar sign that compose leaves alone."""
    return text.replace("$", "$$")
