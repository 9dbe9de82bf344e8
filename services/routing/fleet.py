"""The running router processes: adopt, start, revive and end them; one of them serves the names.

They outlive the platform, and its next start adopts them. A port outside the reserved block gets a
process of its own instead of a restart of the one that serves everybody: a process that takes over
ports answers 404 for a moment, between listening and reading its routes.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from services.errors import RouterError, RouterPortTakenError
from services.locks import Lock
from services.routing.files import locked
from services.routing.launch import binary, launch, strays, wait_until_up
from services.routing.ports import first_free, is_free
from services.routing.process import end, is_alive
from services.routing.settings import RouterSettings
from services.routing.state import Published, RouterProcess, RouterState
from services.routing.table import RouteTable
from services.routing.traefik_api import TraefikApi
from services.routing.traefik_config import Listener, static_config

MAIN = "main"
LOCK_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class RouterStatus:
    """`ports` are the host ports listened on; `api_ports` also serve /metrics when that is on."""

    is_running: bool
    pids: tuple[int, ...]
    web_port: int
    ports: tuple[int, ...]
    excluded_ports: tuple[int, ...]
    api_ports: tuple[int, ...]
    version: str


class RouterFleet:
    """Holds nothing but its settings: any number of threads and processes may use one each."""

    def __init__(self, settings: RouterSettings) -> None:
        self.settings = settings
        self._folder = settings.state_dir / "state"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._state_file = self._folder / "router.json"
        self._table_file = self._folder / "table.json"

    def start(self) -> RouterStatus:
        """Adopt what runs, or start anew; what was started with other settings is ended first."""
        with self._changing():
            state = self._load()
            if state.fingerprint != _fingerprint(self.settings):
                self._end_all(state)
                state = replace(state, processes=())
            self._repair(state)
        return self.status()

    def ensure_running(self) -> None:
        """Start again whatever died, with its ports and routes."""
        if self._is_whole(self._load()):
            return
        with self._changing():
            self._repair(self._load())

    def add_port(self, port: int) -> None:
        """Listen on one more port; no connection to another is disturbed."""
        with self._changing():
            state = self._load()
            if port in state.ports:
                return
            if port == state.web_port or not is_free(self.settings.host_ip, port):
                raise RouterPortTakenError(
                    f"port {port} is in use on this host",
                    fix="choose another host port, or end the program that listens there",
                )
            state = replace(
                state,
                extra_ports=tuple(sorted({*state.extra_ports, port})),
                excluded_ports=tuple(other for other in state.excluded_ports if other != port),
            )
            self._run(state, f"port-{port}", Listener(0, (port,)))

    def close_ports(self, in_use: Callable[[], Collection[int]]) -> None:
        """End the processes of added ports that nobody has any more. A port that the process which
        serves the names has taken over, at a start, is let go at its next one."""
        if not self._load().extra_ports:
            return
        with self._changing():
            state = self._load()
            kept = tuple(sorted({*state.extra_ports} & {*in_use()}))
            over = [p for p in state.processes if _is_unused(p, {*state.extra_ports} - {*kept})]
            for process in over:
                end(process.id, grace_s=self.settings.stop_grace_s)
            left = tuple(process for process in state.processes if process not in over)
            if state != (fresh := replace(state, processes=left, extra_ports=kept)):
                fresh.save(self._state_file)

    def stop(self) -> None:
        """End it. The routes and the extra ports are kept for the next start."""
        with self._changing():
            state = self._load()
            self._end_all(state)
            replace(state, processes=()).save(self._state_file)

    def status(self) -> RouterStatus:
        state = self._load()
        alive = _alive(state)
        living = replace(state, processes=alive)
        return RouterStatus(
            is_running=bool(living.web_port),
            pids=tuple(process.id.pid for process in alive),
            web_port=living.web_port,
            ports=living.ports,
            excluded_ports=state.excluded_ports,
            api_ports=tuple(process.api_port for process in alive),
            version=TraefikApi(alive[0].api_port).version() if alive else "",
        )

    @property
    def web_port(self) -> int:
        """The one in use, which is not the wanted one when somebody else has that."""
        return self._load().web_port or self.settings.web_port

    @property
    def ports(self) -> tuple[int, ...]:
        return self._load().ports

    @property
    def own_ports(self) -> tuple[int, ...]:
        return (self.web_port, *(process.api_port for process in self._load().processes))

    def _repair(self, state: RouterState) -> None:
        if state.web_port and _alive(state):
            self._revive(state)
        else:
            self._boot(state)

    def _boot(self, state: RouterState) -> None:
        """One process for everything. Twice, as a port may be taken between probe and listening."""
        self._end_all(state)
        for stray in strays(self.settings):
            end(stray, grace_s=self.settings.stop_grace_s)
        try:
            self._boot_once(state)
        except RouterError:
            self._boot_once(state)

    def _boot_once(self, state: RouterState) -> None:
        host_ip = self.settings.host_ip
        wanted = sorted({*self.settings.http_ports, *state.extra_ports})
        # After a crash the last web port comes first: people have been told its addresses.
        start = state.web_port or self.settings.web_port
        web_port = first_free(host_ip, start, reserved=wanted)
        usable, taken = _probe(host_ip, (port for port in wanted if port != web_port))
        fresh = RouterState(
            fingerprint=_fingerprint(self.settings),
            extra_ports=state.extra_ports,
            excluded_ports=taken,
        )
        self._run(fresh, MAIN, Listener(web_port, usable))

    def _revive(self, state: RouterState) -> None:
        """The dead ones only, each with what is still free of the ports it had."""
        alive = _alive(state)
        dead = [process for process in state.processes if process not in alive]
        host_ip = self.settings.host_ip
        for process in dead:
            end(process.id, grace_s=0)
            usable, taken = _probe(host_ip, process.listener.ports)
            web_port = process.listener.web_port
            if web_port:
                reserved = {*self.settings.http_ports, *state.ports}
                web_port = first_free(host_ip, web_port, reserved=reserved)
            state = replace(
                state,
                processes=tuple(other for other in state.processes if other != process),
                excluded_ports=tuple(sorted({*state.excluded_ports, *taken})),
            )
            if web_port or usable:
                state = self._run(state, process.name, Listener(web_port, usable))
            else:
                state.save(self._state_file)

    def _run(self, state: RouterState, name: str, listener: Listener) -> RouterState:
        """The process is recorded before it is awaited: whoever ends us now finds it again."""
        before = self._load()
        with self._publishing():
            published = self._published()
            if not published.revision:
                published = published.followed_by(RouteTable())
                published.save(self._table_file)
            process = launch(self.settings, name, listener, published)
            with_it = replace(state, processes=(*state.processes, process))
            with_it.save(self._state_file)
        try:
            wait_until_up(self.settings, process, revision=published.revision)
        except RouterError:
            before.save(self._state_file)
            raise
        return with_it

    def _end_all(self, state: RouterState) -> None:
        for process in state.processes:
            end(process.id, grace_s=self.settings.stop_grace_s + 1)

    def _load(self) -> RouterState:
        return RouterState.load(self._state_file)

    def _published(self) -> Published:
        return Published.load(self._table_file)

    def _is_whole(self, state: RouterState) -> bool:
        return bool(state.web_port) and _alive(state) == state.processes

    @contextmanager
    def _changing(self) -> Iterator[None]:
        timeout_s = LOCK_TIMEOUT_S + 2 * self.settings.start_timeout_s
        with locked(self._folder / "router.lock", timeout_s=timeout_s):
            yield

    @contextmanager
    def _publishing(self) -> Iterator[Lock]:
        with locked(self._folder / "table.lock", timeout_s=LOCK_TIMEOUT_S) as lock:
            yield lock


def _alive(state: RouterState) -> tuple[RouterProcess, ...]:
    return tuple(process for process in state.processes if is_alive(process.id))


def _is_unused(process: RouterProcess, closing: set[int]) -> bool:
    return not process.listener.web_port and closing.issuperset(process.listener.ports)


def _probe(host_ip: str, ports: Iterable[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Usable ports, and those of somebody else."""
    verdicts = {port: is_free(host_ip, port) for port in ports}
    return (
        tuple(port for port, free in verdicts.items() if free),
        tuple(port for port, free in verdicts.items() if not free),
    )


def _fingerprint(settings: RouterSettings) -> str:
    """Changes with the program too: an upgrade takes effect at the next start."""
    listener = Listener(settings.web_port, settings.http_ports)
    config = static_config(settings, listener, api_port=0, routes=Path())
    program = binary(settings)
    text = json.dumps([str(program), program.stat().st_mtime_ns, config])
    return hashlib.sha256(text.encode()).hexdigest()
