"""The platform's listening socket: the wanted port, or the next one that is free."""

import errno
import socket

TRIED_PORTS = 10  # 7070-7079: the router's own ports begin behind them


class ListenError(Exception):
    """No port to listen on; the text says what to do."""


def listen(host: str, port: int, *, exact: bool) -> socket.socket:
    """A socket that already takes connections; they wait until the server serves them."""
    ports = [port] if exact else range(port, port + TRIED_PORTS)
    for candidate in ports:
        if listener := _try(host, candidate):
            return listener
    last = ports[-1]
    span = f"port {port} is" if last == port else f"ports {port}-{last} are"
    raise ListenError(f"{span} taken by other programs on {host}: choose one with --port")


def _try(host: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay only on what is said to be TCP: without the last word here each
    # answer on a kept connection waits 40 ms for the client's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # With SO_REUSEADDR two programs may bind one port; only the first may listen on it.
        listener.listen(2048)
    except PermissionError as exc:
        listener.close()
        raise ListenError(f"port {port} is not for this user: choose one with --port") from exc
    except OSError as exc:
        listener.close()
        if exc.errno != errno.EADDRINUSE:
            raise ListenError(f"cannot listen on {host}: {exc.strerror}") from exc
        return None
    return listener
