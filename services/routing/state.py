"""What is remembered of the router between starts of the platform: processes, ports, routes."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from services.errors import InvalidError
from services.locks import Lock
from services.routing.files import read_json, write_json
from services.routing.process import ProcessId
from services.routing.table import RouteTable
from services.routing.traefik_config import Listener


@dataclass(frozen=True, slots=True)
class RouterProcess:
    """One running router. `name` is the folder of its two configuration files and its log."""

    name: str
    id: ProcessId
    api_port: int
    listener: Listener

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        listener = data["listener"]
        return cls(
            name=data["name"],
            id=ProcessId(**data["id"]),
            api_port=data["api_port"],
            listener=Listener(listener["web_port"], tuple(listener["ports"])),
        )


@dataclass(frozen=True, slots=True)
class RouterState:
    """`fingerprint`: the settings it was started with; `excluded_ports`: somebody else's."""

    fingerprint: str = ""
    processes: tuple[RouterProcess, ...] = ()
    extra_ports: tuple[int, ...] = ()
    excluded_ports: tuple[int, ...] = ()

    @property
    def web_port(self) -> int:
        return max((process.listener.web_port for process in self.processes), default=0)

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(sorted(port for process in self.processes for port in process.listener.ports))

    @classmethod
    def load(cls, path: Path) -> Self:
        """What cannot be read is forgotten; the next start then finds the processes by name."""
        data = read_json(path)
        try:
            return cls(
                fingerprint=data["fingerprint"],
                processes=tuple(RouterProcess.from_json(process) for process in data["processes"]),
                extra_ports=tuple(data["extra_ports"]),
                excluded_ports=tuple(data["excluded_ports"]),
            )
        except (KeyError, TypeError):
            return cls()

    def save(self, path: Path) -> None:
        write_json(path, asdict(self))


@dataclass(frozen=True, slots=True)
class Published:
    """The routes as last written, numbered so that the router can tell us which it has read."""

    revision: int = 0
    table: RouteTable = field(default_factory=RouteTable)

    @classmethod
    def load(cls, path: Path) -> Self:
        data = read_json(path)
        try:
            return cls(revision=data["revision"], table=RouteTable.from_json(data["routes"]))
        except (KeyError, TypeError, InvalidError):
            return cls()

    def followed_by(self, table: RouteTable) -> Self:
        """Unchanged routes keep their number. A new one is above every earlier number, even one
        whose file was lost: it starts at the clock.
        """
        if self.revision and self.table.to_json() == table.to_json():
            return self
        return replace(self, revision=max(self.revision + 1, time.time_ns() // 10**6), table=table)

    def save(self, path: Path, *, lock: Lock | None = None) -> None:
        write_json(path, {"revision": self.revision, "routes": self.table.to_json()}, lock=lock)
