"""The unix socket under Docker's client: one pool of connections, none left open by a failure."""

import socket
from typing import Any

from docker.transport.unixconn import UnixHTTPAdapter, UnixHTTPConnection, UnixHTTPConnectionPool

CONNECTIONS = 32
_ANY_URL = "http+docker://localhost"


class SocketConnection(UnixHTTPConnection):
    """The original forgets to close the socket when nobody listens at its path."""

    def connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.timeout)
            connection.connect(self.unix_socket)
        except OSError:
            connection.close()
            raise
        self.sock = connection


class SocketPool(UnixHTTPConnectionPool):
    def _new_conn(self) -> Any:
        limit: Any = self.timeout  # the stub says int, it is whatever the adapter was given
        return SocketConnection(self.base_url, self.socket_path, limit)


class OneSocketAdapter(UnixHTTPAdapter):
    """Docker's adapter with one connection pool for the whole socket.

    The original keeps a pool for each URL and closes the oldest of 25, also under a thread that is
    about to use it, which then looks as if the engine were gone.
    """

    def __init__(self, path: str, *, timeout_s: float) -> None:
        limit: Any = timeout_s  # the stub says int, sockets take fractions
        super().__init__(f"http+unix://{path}", limit, max_pool_size=CONNECTIONS)
        self._pool = SocketPool(_ANY_URL, self.socket_path, limit, CONNECTIONS)
        self.pools[_ANY_URL] = self._pool  # which closes it with the adapter

    def get_connection_with_tls_context(self, *_args: object, **_kwargs: object) -> Any:
        """Also of an adapter that another thread has just closed: using that one says so."""
        return self._pool
