"""Compose services become services and databases of the analysis."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace

from detection import values
from detection.assemble import Surveyor
from detection.compose_build import built, image_of, pairs, published, ready
from detection.compose_file import ComposeProject, ComposeService, inside
from detection.compose_mounts import files, volumes
from detection.compose_ports import database_port, exposed, ports_of, told
from detection.images import database_of, image_version
from detection.model import (
    DetectedDatabase,
    DetectedService,
    EnvironmentVariable,
    Evidence,
    HealthCommand,
)
from detection.naming import service_name
from detection.parsing import parse_env
from detection.signs import port_in_command

_LISTENS = re.compile(
    r"\b(?:gunicorn|uvicorn|hypercorn|daphne|runserver|flask|waitress|streamlit|serve|server|start"
    r"|dev|rackup|puma|rails|nginx|java|artisan|php-fpm|apache2?|httpd|node|npm|yarn|pnpm|bun)\b"
)
_WORKS = re.compile(
    r"\b(?:queue:(?:work|listen)|schedule:(?:run|work)|horizon|celery|sidekiq|rqworker|dramatiq"
    r"|migrate|db:migrate|seed)\b"
)
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")


def database(project: ComposeProject, service: ComposeService) -> DetectedDatabase | None:
    """The database a service is: by its image, or by the image its Dockerfile starts from."""
    image = image_of(project, service)
    kind = database_of(image) if image and not values.dig(service.data, "build") else None
    if kind is None or image is None:
        return None
    return DetectedDatabase(
        kind=kind.kind,
        name=service_name(service.name),
        version=image_version(image),
        declared=True,
        image=image,
        port=database_port(project, service, kind),
        environment=_environment(project, service),
        volumes=volumes(project, service),
        files=files(project, service, context=None),
        command=_words(project, values.dig(service.data, "command")),
        health_command=_health(project, service),
        evidence=(Evidence("compose-image", service.file, f"image {image}", 0.95),),
    )


def service(project: ComposeProject, written: ComposeService, survey: Surveyor) -> DetectedService:
    """A compose service: built from a folder of this tree, or a ready image."""
    ports = ports_of(project, written)
    base = (
        built(project, written, survey)
        or published(project, written, survey)
        or ready(project, written)
    )
    command = _words(project, values.dig(written.data, "command"))
    entrypoint = _words(project, values.dig(written.data, "entrypoint"))
    evidence = Evidence("compose-service", written.file, f"service {written.name}", 0.95)
    port = ports.container or exposed(project, written) or _own_port(base, [*entrypoint, *command])
    port = port or told(project, written)
    return replace(
        base,
        name=service_name(written.name),
        process="web" if port else "worker",
        health_endpoint=base.health_endpoint if port else None,
        port=port,
        published_port=ports.published,
        environment=_joined(base.environment, _environment(project, written)),
        health_command=_health(project, written),
        start_command=shlex.join([*entrypoint, *command]) or base.start_command,
        entrypoint=tuple(entrypoint),
        command=tuple(command),
        volumes=volumes(project, written),
        files=files(project, written, context=None if base.image else base.build_context),
        depends_on=tuple(service_name(name) for name in dependencies(written)),
        confidence=max(base.confidence, 0.95),
        evidence=(evidence, *base.evidence),
    )


def _own_port(base: DetectedService, command: list[str]) -> int | None:
    """The image's port, unless compose runs another program of it that does not listen."""
    words = " ".join(command)
    if _WORKS.search(words):
        return None
    if not command or _LISTENS.search(words):
        return port_in_command(words) or base.port
    return port_in_command(words)


def dependencies(written: ComposeService) -> list[str]:
    """Names under depends_on and links, in either of their forms."""
    listed = values.dig(written.data, "depends_on")
    names = list(values.table(listed)) if isinstance(listed, Mapping) else values.strings(listed)
    links = [link.split(":")[0] for link in values.strings(written.data, "links")]
    return list(dict.fromkeys([*names, *links]))


def _environment(
    project: ComposeProject, written: ComposeService
) -> tuple[EnvironmentVariable, ...]:
    """`environment` over `env_file`; a variable without any value is required."""
    found: dict[str, EnvironmentVariable] = {}
    for file in _env_files(project, written):
        for name, value in parse_env(project.place.source(file)).items():
            found[name] = EnvironmentVariable(name, default=value or None, evidence=file)
    for name, (value, missing) in pairs(project, values.dig(written.data, "environment")).items():
        found[name] = EnvironmentVariable(name, missing, None if missing else value, written.file)
    return tuple(found.values())


def _env_files(project: ComposeProject, written: ComposeService) -> list[str]:
    listed = values.dig(written.data, "env_file")
    names = values.strings(listed) + [
        path for item in values.items(listed) if (path := values.text(item, "path"))
    ]
    paths = (inside("" if written.folder == "." else written.folder, name) for name in names)
    return [path for path in paths if path]


def _words(project: ComposeProject, written: object) -> tuple[str, ...]:
    if not isinstance(written, str):
        words = (values.text({"w": item}, "w") for item in values.items(written))
        return tuple(project.expand(word)[0] for word in words if word)
    text, _ = project.expand(written)
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return ("/bin/sh", "-c", text)


def _health(project: ComposeProject, written: ComposeService) -> HealthCommand | None:
    check = values.table(written.data, "healthcheck")
    test = values.dig(check, "test")
    words = ("CMD-SHELL", test) if isinstance(test, str) else tuple(values.strings(test))
    if not words or words[0] == "NONE" or values.text(check, "disable") == "true":
        return None
    retries = values.text(check, "retries")
    return HealthCommand(
        tuple(project.expand(word)[0] for word in words),
        interval_s=seconds(values.text(check, "interval")),
        timeout_s=seconds(values.text(check, "timeout")),
        retries=int(retries)
        if retries and retries.isascii() and retries.isdigit() and len(retries) < 4
        else None,
        start_period_s=seconds(values.text(check, "start_period")),
    )


def seconds(written: str | None) -> float | None:
    """'1m30s' as 90.0."""
    match = _DURATION.fullmatch(written.strip()) if written else None
    if not match or not any(match.groups()):
        return None
    hours, minutes, whole, millis = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + whole + millis / 1000


def _joined(
    under: tuple[EnvironmentVariable, ...], over: tuple[EnvironmentVariable, ...]
) -> tuple[EnvironmentVariable, ...]:
    """What compose sets stands over what the code was seen to read."""
    found = {variable.name: variable for variable in (*under, *over)}
    return tuple(found.values())
