"""The port of a compose service: published, exposed, or told by a label or a health check."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from detection import values
from detection.compose_file import ComposeProject, ComposeService
from detection.images import DatabaseKind

_LABEL = re.compile(r"traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port")
_ASKED = re.compile(r"\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(\d{2,5})\b")


@dataclass(frozen=True, slots=True)
class Ports:
    container: int | None = None
    published: int | None = None


def database_port(project: ComposeProject, written: ComposeService, kind: DatabaseKind) -> int:
    port = exposed(project, written) or ports_of(project, written).container
    return port or kind.port


def ports_of(project: ComposeProject, written: ComposeService) -> Ports:
    """The first port: long form, or [[host address:]host port:]container port[/protocol]."""
    for item in values.items(written.data, "ports"):
        if isinstance(item, Mapping):
            found = Ports(
                values.number(values.text(item, "target")),
                values.number(values.text(item, "published")),
            )
        else:
            text, _ = project.expand(values.text({"port": item}, "port") or "")
            words = [word.split("-")[0] for word in text.split("/")[0].split(":")]
            published = words[-2] if len(words) > 1 else ""
            found = Ports(values.number(words[-1]), values.number(published))
        if found.container:
            return found
    return Ports()


def exposed(project: ComposeProject, written: ComposeService) -> int | None:
    for item in values.items(written.data, "expose"):
        text, _ = project.expand(values.text({"port": item}, "port") or "")
        port = values.number(text.split("/")[0])
        if port:
            return port
    return None


def told(project: ComposeProject, written: ComposeService) -> int | None:
    """Where a reverse proxy is told to find the service, or its own health check asks it."""
    for key, value in _pairs(written, "labels") + _pairs(written, "environment"):
        if _LABEL.fullmatch(key) or key == "VIRTUAL_PORT":
            port = values.number(project.expand(value)[0])
            if port:
                return port
    test = values.dig(written.data, "healthcheck", "test")
    words = test if isinstance(test, str) else " ".join(values.strings(test))
    asked = _ASKED.search(project.expand(words)[0])
    return values.number(asked[1]) if asked else None


def _pairs(written: ComposeService, key: str) -> list[tuple[str, str]]:
    listed = values.dig(written.data, key)
    if isinstance(listed, Mapping):
        return [(name, values.text(listed, name) or "") for name in values.table(listed)]
    return [(item.partition("=")[0], item.partition("=")[2]) for item in values.strings(listed)]
