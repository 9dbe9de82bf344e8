"""The Traefik driver: publishes the table of routes and waits until the router shows it in use."""

import time
from collections.abc import Callable, Collection

from services.errors import RouterError
from services.routing.base import Router
from services.routing.fleet import RouterFleet
from services.routing.launch import write_routes
from services.routing.state import RouterProcess
from services.routing.table import Route, RouteTable
from services.routing.traefik_api import TraefikApi

POLL_S = 0.02
# New routes reach one entry point after another, that of the API perhaps first.
SWITCH_MARGIN_S = 0.02


class TraefikRouter(RouterFleet, Router):
    """`start` once, then `publish` and `wait_shown` for every change of routes."""

    def publish(self, wanted: RouteTable | Callable[[], RouteTable]) -> None:
        """Give a function where others publish too: it is called under the lock, so that what
        was read earlier never overwrites what was read later.
        """
        with self._publishing() as lock:
            table = wanted() if callable(wanted) else wanted
            last = self._published()
            published = last.followed_by(table)
            if published != last:
                published.save(self._table_file, lock=lock)
            for process in self._load().processes:
                write_routes(self.settings, process.name, process.listener, published, lock=lock)

    def wait_shown(
        self, table: RouteTable, timeout_s: float = 5.0, *, only: Collection[str] | None = None
    ) -> None:
        """Until exactly `table` is in use. Where others publish too, name in `only` the services
        that matter; one of them that is not in `table` has to be gone.
        """
        processes = self._load().processes
        wanted = _selection(table, only)
        _check_listening(wanted, processes)
        revision = self._published().revision
        deadline = time.monotonic() + timeout_s
        for process in processes:
            while not _shows(process, wanted, revision=revision, whole=only is None):
                if time.monotonic() > deadline:
                    raise _late(process, timeout_s)
                time.sleep(POLL_S)
        time.sleep(SWITCH_MARGIN_S)


def _selection(table: RouteTable, only: Collection[str] | None) -> list[Route]:
    if only is None:
        return list(table.routes)
    by_id = {route.service_id: route for route in table.routes}
    return [by_id.get(service_id, Route(service_id, "gone")) for service_id in only]


def _check_listening(wanted: list[Route], processes: tuple[RouterProcess, ...]) -> None:
    if not processes:
        raise RouterError("the router is not running", fix="start it, then publish the routes")
    open_ports = {port for process in processes for port in process.listener.ports}
    closed = sorted({port for route in wanted for port in route.host_ports} - open_ports)
    if closed:
        raise RouterError(
            f"the router does not listen on port {closed[0]}",
            code="router.port_closed",
            fix="choose a port of the reserved block, or add this port to the router first",
            params={"ports": closed},
        )


def _shows(process: RouterProcess, wanted: list[Route], *, revision: int, whole: bool) -> bool:
    """The cheap question first: the full answer grows with the number of services."""
    api = TraefikApi(process.api_port)
    if api.revision() < revision:
        return False
    in_use = api.in_use()
    if in_use is None or not all(in_use.serves(route, process.listener) for route in wanted):
        return False
    return not whole or in_use.service_ids() <= {route.service_id for route in wanted}


def _late(process: RouterProcess, timeout_s: float) -> RouterError:
    return RouterError(
        f"the router did not take over the routes within {timeout_s:g} s",
        code="router.timeout",
        fix="see traefik.log in the router's state folder; the old routes are still in use",
        params={"pid": process.id.pid, "process": process.name},
    )
