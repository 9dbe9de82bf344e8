"""Finds the Docker engine of this machine, in the order in which the docker command looks."""

import hashlib
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kyozo.machine.errors import EngineForbiddenError, EngineUnreachableError

DEFAULT_SOCKET = Path("/var/run/docker.sock")
PING_TIMEOUT_S = 3.0
PLAIN_PORT = 2375


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """An engine that answered. `source` says where its address was read."""

    url: str
    source: str
    version: str = ""
    api_version: str = ""

    @property
    def is_local(self) -> bool:
        return self.url.startswith("unix://")


def find_engine(
    environ: Mapping[str, str], *, default_socket: Path = DEFAULT_SOCKET
) -> EngineAddress | None:
    """The first engine that answers, or None. One that was chosen by name must answer."""
    if chosen := _chosen(environ):
        return ping(*chosen)
    for path, source in _usual_sockets(environ, default_socket):
        try:
            return ping(f"unix://{path}", source)
        except EngineUnreachableError:
            continue
    return None


def ping(url: str, source: str) -> EngineAddress:
    """Ask an engine for its version. One over ssh is taken as given."""
    if url.startswith("ssh://"):
        return EngineAddress(url, source)
    try:
        answer = _version(url)
    except PermissionError as exc:
        raise EngineForbiddenError(
            f"this user may not use the Docker engine at {url}",
            fix="Run as root, or: sudo usermod -aG docker $USER, and sign in again.",
        ) from exc
    except (OSError, HTTPException, ValueError) as exc:
        raise EngineUnreachableError(
            f"no Docker engine answers at {url} (from {source}): {exc}",
            fix=f"Start it, or correct {source}.",
        ) from exc
    return EngineAddress(
        url, source, str(answer.get("Version", "")), str(answer.get("ApiVersion", ""))
    )


def _chosen(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """What DOCKER_HOST or the CLI's current context names; the context `default` names nothing."""
    if url := environ.get("DOCKER_HOST"):
        return url, "DOCKER_HOST"
    folder = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/")) / ".docker")
    configured = _json(folder / "config.json").get("currentContext")
    name = environ.get("DOCKER_CONTEXT") or str(configured or "")
    if name in {"", "default"}:
        return None
    digest = hashlib.sha256(name.encode()).hexdigest()
    endpoints = _json(folder / "contexts" / "meta" / digest / "meta.json").get("Endpoints", {})
    try:
        return str(endpoints["docker"]["Host"]), f"docker context {name}"
    except (KeyError, TypeError) as exc:
        raise EngineUnreachableError(
            f"the docker context {name} has no address",
            fix="Choose another one: docker context use default",
        ) from exc


def _usual_sockets(environ: Mapping[str, str], default_socket: Path) -> Iterator[tuple[Path, str]]:
    yield default_socket, "the usual socket"
    if runtime_dir := environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime_dir) / "docker.sock", "the rootless socket"


def _version(url: str) -> dict[str, Any]:
    connection = _connection(url)
    try:
        connection.request("GET", "/version", headers={"Host": "docker"})
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    if not isinstance(answer, dict) or "ApiVersion" not in answer:
        raise ValueError("what answers there is no Docker engine")
    return answer


def _connection(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return _UnixConnection(url.removeprefix("unix://"))
    host = parts.hostname or ""
    if parts.scheme in {"tcp", "http"}:
        return HTTPConnection(host, parts.port or PLAIN_PORT, timeout=PING_TIMEOUT_S)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return HTTPSConnection(host, parts.port or 2376, timeout=PING_TIMEOUT_S, context=context)
    raise ValueError(f"{parts.scheme or 'no'} address scheme")


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=PING_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PING_TIMEOUT_S)
        self.sock.connect(self._path)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
