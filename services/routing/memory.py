"""A router that only remembers its table: for unit tests and for runs without an engine."""

from collections.abc import Callable, Collection

from services.routing.table import RouteTable


class MemoryRouter:
    """Meets `Router`; everything published is shown at once."""

    web_port = 7080

    def __init__(self, *, ports: Collection[int]) -> None:
        self.ports: set[int] = set(ports)
        self._extra: set[int] = set()
        self.table = RouteTable(routes=())
        self._failures: list[Exception] = []
        self._refusals: list[Exception] = []

    @property
    def own_ports(self) -> Collection[int]:
        return {self.web_port}

    def fail_next(self, error: Exception) -> None:
        """The next table is not taken."""
        self._failures.append(error)

    def refuse_next(self, error: Exception) -> None:
        """The next port is not opened."""
        self._refusals.append(error)

    def publish(self, wanted: RouteTable | Callable[[], RouteTable]) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.table = wanted() if callable(wanted) else wanted

    def wait_shown(
        self, table: RouteTable, timeout_s: float = 5.0, *, only: Collection[str] | None = None
    ) -> None:
        return None

    def add_port(self, port: int) -> None:
        if self._refusals:
            raise self._refusals.pop(0)
        if port not in self.ports:
            self._extra.add(port)
        self.ports.add(port)

    def close_ports(self, in_use: Callable[[], Collection[int]]) -> None:
        unused = self._extra - set(in_use())
        self._extra -= unused
        self.ports -= unused

    def ensure_running(self) -> None:
        return None

    def stop(self) -> None:
        return None
