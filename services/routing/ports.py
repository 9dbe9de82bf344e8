"""Ports of this host: which are free, and one that is."""

import errno
import socket
from collections.abc import Iterable

from services.errors import RouterError

LAST_PORT = 65535


def is_free(host_ip: str, port: int) -> bool:
    """A plain bind, without SO_REUSEPORT, which would share a port of our own user silently.

    SO_REUSEADDR is needed: connections of a router that just ended wait on its ports for a minute.
    """
    with _socket(host_ip) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host_ip, port))
        except OSError as exc:
            if exc.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise RouterError(
                f"{host_ip}:{port} cannot be bound: {exc.strerror}",
                code="router.bad_address",
                fix="set the router's host address to one of this host",
            ) from exc
    return True


def any_free(host_ip: str) -> int:
    with _socket(host_ip) as probe:
        probe.bind((host_ip, 0))
        port: int = probe.getsockname()[1]
    return port


def first_free(host_ip: str, start: int, *, reserved: Iterable[int]) -> int:
    """`start`, or the next port above it that is neither taken nor reserved."""
    skip = set(reserved) - {start}
    for port in range(start, LAST_PORT + 1):
        if port not in skip and is_free(host_ip, port):
            return port
    raise RouterError(f"no free port from {start} on", fix="free a port or set another web port")


def _socket(host_ip: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host_ip else socket.AF_INET
    return socket.socket(family, socket.SOCK_STREAM)
