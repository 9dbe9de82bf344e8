"""The seam to the router: who serves which host name and host port."""

from collections.abc import Callable, Collection
from typing import Protocol

from services.routing.table import RouteTable


class Router(Protocol):
    """Driven by files and read by its API; never given an engine socket."""

    def publish(self, wanted: RouteTable | Callable[[], RouteTable]) -> None:
        """Make this the whole table; a function is called under the lock. Cheap when unchanged."""

    def wait_shown(
        self, table: RouteTable, timeout_s: float = 5.0, *, only: Collection[str] | None = None
    ) -> None:
        """Return once the router itself shows the routes of the services in `only` (None: all)."""

    @property
    def web_port(self) -> int:
        """The port for host names."""

    @property
    def ports(self) -> Collection[int]:
        """The host ports that can be given to services."""

    @property
    def own_ports(self) -> Collection[int]:
        """What it listens on itself, for names and for its API; no service is given these."""

    def add_port(self, port: int) -> None:
        """Listen on one more port; `RouterError` when somebody else has it."""

    def close_ports(self, in_use: Callable[[], Collection[int]]) -> None:
        """Outside the block, listen on `in_use` only; asked under the lock of `add_port`."""

    def ensure_running(self) -> None: ...

    def stop(self) -> None: ...
