"""How a service is checked: its health_check_config, validated, and the check it asks for."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from services.errors import InvalidError
from services.probes.base import Exec, ProbeResult
from services.probes.command import check_command
from services.probes.http import check_http
from services.probes.tcp import check_tcp

TYPES = ("http", "tcp", "command")
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


def plan_from(config: Mapping[str, Any]) -> HealthPlan:
    """Raises `InvalidError` with a complaint for each wrong field; null means the default."""
    complaints: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for name, value in config.items():
        if value is None:
            continue
        try:
            values[name] = _reader(name)(value)
        except ValueError as exc:
            complaints[f"health_check_config.{name}"] = [str(exc)]
    if values.get("type") == "command" and not values.get("command"):
        complaints.setdefault("health_check_config.command", ["is needed for type command"])
    if complaints:
        raise InvalidError("The health check is not valid.", details=complaints)
    return HealthPlan(**values)


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


def _reader(name: str) -> Callable[[Any], Any]:
    try:
        return _READERS[name]
    except KeyError:
        known = ", ".join(one.name for one in fields(HealthPlan))
        message = f"is not a field of a health check; those are: {known}"
        raise ValueError(message) from None


def _complain_unless(ok: object, complaint: str) -> None:
    if not ok:
        raise ValueError(complaint)


def _boolean(value: Any) -> bool:
    _complain_unless(isinstance(value, bool), "must be true or false")
    return bool(value)


def _number(low: float, high: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        _complain_unless(is_number, "must be a number")
        _complain_unless(low <= value <= high, f"must be between {low:g} and {high:g}")
        return float(value)

    return read


def _whole(low: int, high: int) -> Callable[[Any], int]:
    in_range = _number(low, high)

    def read(value: Any) -> int:
        _complain_unless(not isinstance(value, float), "must be a whole number")
        return int(in_range(value))

    return read


def _type(value: Any) -> str:
    _complain_unless(value in TYPES, f"must be one of: {', '.join(TYPES)}")
    return str(value)


def _path(value: Any) -> str:
    """The address is the instance's own: a host in here would make us ask somebody else."""
    ok = isinstance(value, str) and _PATH.fullmatch(value)
    _complain_unless(ok, "must be a path that begins with one /, without host or spaces")
    return str(value)


def _command(value: Any) -> tuple[str, ...]:
    """A list of arguments, or a text that is split into one; no shell sees it."""
    words = shlex.split(value) if isinstance(value, str) else value
    is_list = isinstance(words, list) and all(isinstance(word, str) for word in words)
    _complain_unless(is_list, "must be a list of arguments")
    _complain_unless(words and words[0] and "\x00" not in "".join(words), "must name a program")
    return tuple(words)


def _headers(value: Any) -> dict[str, str]:
    ok = isinstance(value, dict) and len(value) <= MOST_HEADERS
    _complain_unless(ok, f"must be a map of at most {MOST_HEADERS} names to values")
    for name, text in value.items():
        named = isinstance(name, str) and _HEADER_NAME.fullmatch(name)
        _complain_unless(named, "has a name that is not allowed in HTTP")
        is_line = isinstance(text, str) and _HEADER_VALUE.fullmatch(text)
        _complain_unless(is_line, f"has a value for {name} that is no single line of text")
    return dict(value)


def _statuses(value: Any) -> frozenset[int]:
    _complain_unless(isinstance(value, list), "must be a list of HTTP statuses")
    read = _whole(100, 599)
    return frozenset(read(one) for one in value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "enabled": _boolean,
    "type": _type,
    "endpoint": _path,
    "port": _whole(1, 65535),
    "command": _command,
    "interval_seconds": _number(1, 3600),
    "timeout_seconds": _number(0.1, 60),
    "retries": _whole(1, 20),
    "start_period_seconds": _number(0, 600),
    "headers": _headers,
    "expected_status_codes": _statuses,
}
