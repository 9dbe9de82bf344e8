"""What the router is told once, by the settings of the platform."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RouterSettings:
    """`http_ports`: the reserved block; `binary`: instead of the installed package; `retries`: what
    an instance refused or cut is asked of another one."""

    state_dir: Path
    host_ip: str = "127.0.0.1"
    web_port: int = 7080
    http_ports: tuple[int, ...] = tuple(range(8080, 8180))
    binary: Path | None = None
    metrics: bool = False
    retries: bool = True
    start_timeout_s: float = 20.0
    stop_grace_s: int = 10
