"""How a service is checked: its health_check_config as a plan, and the check it asks for."""

import re
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from services.errors import InvalidError
from services.probes.base import Exec, ProbeResult
from services.probes.command import check_command
from services.probes.http import check_http
from services.probes.tcp import check_tcp

Number = TypeVar("Number", int, float)

TYPES = ("http", "tcp", "command")
# What a check may ask for. What people write (`services.models.config`) is held to the same, and
# what a folder says is brought into it.
INTERVAL_S = (1, 3600)
TIMEOUT_S = (0.1, 60)
RETRIES = (1, 100)
START_PERIOD_S = (0, 3600)
LONGEST_GATE_S = 300.0
MOST_HEADERS = 20
_PATH = re.compile(r"/(?!/)[^\s\x00-\x1f\x7f#\\]{0,2000}|/")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]{0,4000}")


@dataclass(frozen=True, slots=True)
class HealthPlan:
    """The fields of health_check_config; `port` None is the service's own."""

    enabled: bool = True
    type: str = "http"
    endpoint: str = "/"
    port: int | None = None
    command: tuple[str, ...] = ()
    interval_seconds: float = 30
    timeout_seconds: float = 5
    retries: int = 3
    start_period_seconds: float = 30
    headers: Mapping[str, str] = field(default_factory=dict)
    expected_status_codes: frozenset[int] = frozenset()

    @property
    def gate_seconds(self) -> float:
        """How long a new instance may take until it must be healthy."""
        return min(LONGEST_GATE_S, self.start_period_seconds + self.retries * self.interval_seconds)


def within(value: Number, limits: tuple[Number, Number]) -> Number:
    low, high = limits
    return max(low, min(high, value))


def plan_from(config: Mapping[str, Any]) -> HealthPlan:
    """Never raises: a stored check was taken by the rules of its day, and while it cannot be read
    its service can be neither stopped nor removed. Numbers are brought into their limits; what
    cannot be read, null with it, is the default. Without its command nothing is asked."""
    values: dict[str, Any] = {}
    for name in config.keys() & _READERS.keys():
        with suppress(ValueError):
            values[name] = _READERS[name](config[name])
    plan = HealthPlan(**values)
    return replace(plan, enabled=False) if plan.type == "command" and not plan.command else plan


def check(plan: HealthPlan, address: str, port: int | None, run: Exec) -> ProbeResult:
    """One look. A service without any port can only be checked by a command."""
    if plan.type == "command":
        return check_command(plan.command, run=run, timeout_s=plan.timeout_seconds)
    chosen = plan.port or port
    if chosen is None:
        raise InvalidError(
            "A service without a port has nothing to check.",
            details={"health_check_config.port": [f"is needed for type {plan.type}"]},
        )
    if plan.type == "tcp":
        return check_tcp(address, chosen, timeout_s=plan.timeout_seconds)
    return check_http(
        address,
        chosen,
        path=plan.endpoint,
        headers=plan.headers,
        expected=plan.expected_status_codes,
        timeout_s=plan.timeout_seconds,
    )


def _require(ok: object) -> None:
    if not ok:
        raise ValueError


def _boolean(value: Any) -> bool:
    _require(isinstance(value, bool))
    return bool(value)


def _number(limits: tuple[float, float]) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        _require(isinstance(value, int | float) and not isinstance(value, bool))
        return float(within(value, limits))

    return read


def _whole(limits: tuple[int, int]) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        _require(isinstance(value, int) and not isinstance(value, bool))
        return within(int(value), limits)

    return read


def _exact(low: int, high: int) -> Callable[[Any], int]:
    """Another one than what was asked for would be another thing."""

    def read(value: Any) -> int:
        _require(isinstance(value, int) and not isinstance(value, bool) and low <= value <= high)
        return int(value)

    return read


def _type(value: Any) -> str:
    _require(value in TYPES)
    return str(value)


def _path(value: Any) -> str:
    """The address is the instance's own: a host in here would make us ask somebody else."""
    _require(isinstance(value, str) and _PATH.fullmatch(value))
    return str(value)


def _command(value: Any) -> tuple[str, ...]:
    """A list of arguments, or a text that is split into one; no shell sees it."""
    words = shlex.split(value) if isinstance(value, str) else value
    _require(isinstance(words, list) and all(isinstance(word, str) for word in words))
    _require(words and words[0] and "\x00" not in "".join(words))
    return tuple(words)


def _headers(value: Any) -> dict[str, str]:
    _require(isinstance(value, dict) and len(value) <= MOST_HEADERS)
    for name, text in value.items():
        _require(isinstance(name, str) and _HEADER_NAME.fullmatch(name))
        _require(isinstance(text, str) and _HEADER_VALUE.fullmatch(text))
    return dict(value)


def _statuses(value: Any) -> frozenset[int]:
    _require(isinstance(value, list))
    return frozenset(map(_exact(100, 599), value))


_READERS: dict[str, Callable[[Any], Any]] = {
    "enabled": _boolean,
    "type": _type,
    "endpoint": _path,
    "port": _exact(1, 65535),
    "command": _command,
    "interval_seconds": _number(INTERVAL_S),
    "timeout_seconds": _number(TIMEOUT_S),
    "retries": _whole(RETRIES),
    "start_period_seconds": _number(START_PERIOD_S),
    "headers": _headers,
    "expected_status_codes": _statuses,
}
