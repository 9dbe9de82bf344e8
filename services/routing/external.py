"""A Traefik that somebody else runs: it is told its routes through a file, and never started here.

It listens on what it was started with, so the block of ports is all there is.
"""

from collections.abc import Callable, Collection

from services.errors import RouterError
from services.routing.fleet import RouterStatus
from services.routing.process import ProcessId
from services.routing.settings import RouterSettings
from services.routing.state import RouterProcess, RouterState
from services.routing.traefik import TraefikRouter
from services.routing.traefik_api import TraefikApi
from services.routing.traefik_config import Listener

NAME = "external"
NOBODY = ProcessId(0, "")


class ExternalRouter(TraefikRouter):
    """`ask` is for a process that cannot reach the router's API: somebody else looks there."""

    def __init__(
        self, settings: RouterSettings, *, api_port: int, ask: Callable[[], object] | None = None
    ) -> None:
        super().__init__(settings)
        (settings.state_dir / NAME).mkdir(mode=0o700, exist_ok=True)
        self._api_port = api_port
        self._ask = ask

    def start(self) -> RouterStatus:
        self.ensure_running()
        return self.status()

    def ensure_running(self) -> None:
        """Raises `RouterError` while it does not answer; who started it starts it again."""
        if self._ask is not None:
            self._ask()
        elif not TraefikApi(self._api_port).is_answering():
            raise RouterError(
                "the router does not answer",
                fix="start the part `router` again; services answer as soon as it is there",
            )

    def status(self) -> RouterStatus:
        api = TraefikApi(self._api_port)
        return RouterStatus(
            is_running=api.is_answering(),
            pids=(),
            web_port=self.settings.web_port,
            ports=self.settings.http_ports,
            excluded_ports=(),
            api_ports=(self._api_port,),
            version=api.version(),
        )

    def add_port(self, port: int) -> None:
        if port not in self.settings.http_ports:
            raise RouterError(
                f"the router does not listen on port {port}",
                code="router.port_closed",
                fix="choose a port of the block, or set KYOZO_HTTP_PORTS and start it again",
                params={"ports": [port]},
            )

    def close_ports(self, in_use: Callable[[], Collection[int]]) -> None:
        return None

    def stop(self) -> None:
        return None

    def _load(self) -> RouterState:
        listener = Listener(self.settings.web_port, self.settings.http_ports)
        return RouterState(processes=(RouterProcess(NAME, NOBODY, self._api_port, listener),))
