"""The port that settings of development tools forward: told where nothing else tells it."""

import re
from collections.abc import Iterator
from dataclasses import replace

from detection import values
from detection.model import DetectedService, Evidence
from detection.place import Place

_DEVCONTAINERS = (".devcontainer/devcontainer.json", ".devcontainer.json")
_TILT_FORWARD = re.compile(r"port_forwards\s*+=\s*+(?:\[\s*+)?['\"]?(?:\d++:)?(\d{2,5})")


def forwarded(service: DetectedService, place: Place) -> DetectedService:
    """The service on the port that is forwarded to it, unless its own files named one."""
    is_asked = service.process == "web" and service.service_type not in {"static", "docker"}
    if not is_asked or service.port is None or _is_seen(service):
        return service
    found = next(_forwards(place), None)
    if found is None:
        return service
    file, port = found
    evidence = Evidence("port-forward", place.full(file), f"forwards {port}", 0.3)
    return replace(service, port=port, evidence=(*service.evidence, evidence))


def _is_seen(service: DetectedService) -> bool:
    # With $PORT in its command it listens wherever it is told.
    if service.dockerfile_path or re.search(r"\$PORT|\d{4}", service.start_command or ""):
        return True
    return any(item.rule.startswith("port-") or "port " in item.detail for item in service.evidence)


def _forwards(place: Place) -> Iterator[tuple[str, int]]:
    """Only where exactly one port is forwarded is it clear which."""
    devfile = next((name for name in ("devfile.yaml", ".devfile.yaml") if place.has(name)), None)
    if devfile:
        ports = [
            values.number(values.dig(endpoint, "targetPort"))
            for component in values.items(place.yaml(devfile), "components")
            for endpoint in values.items(component, "container", "endpoints")
            if not (values.text(endpoint, "name") or "").startswith("debug")
        ]
        yield from _only(devfile, ports)
    for file in _DEVCONTAINERS:
        if place.has(file):
            listed = values.items(place.json(file), "forwardPorts")
            yield from _only(file, [values.number(port) for port in listed])
    if place.has("Tiltfile"):
        found = [int(m[1]) for m in _TILT_FORWARD.finditer(place.source("Tiltfile"))]
        yield from _only("Tiltfile", [values.number(port) for port in found])


def _only(file: str, ports: list[int | None]) -> Iterator[tuple[str, int]]:
    known = {port for port in ports if port}
    if len(known) == 1:
        yield file, known.pop()
