"""Why an instance failed, in words: exit code, memory, last lines, and what to try next."""

from functools import cached_property
from ipaddress import ip_address
from typing import Any

from services.builds.masking import Masker
from services.errors import EngineError
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.connections import connected_secrets, siblings
from services.lifecycle.engine import runtime
from services.lifecycle.hints import missing_variable, next_step
from services.models import Instance, Service
from services.probes.listeners import NOT_YET, explain_listeners

SHOWN_LINES = 20
KILLED = 137
MORE_MEMORY = "give it more memory: resource_limits.memory_mb"
LOOK = "look at the last lines above; `kyozo logs` shows more"
STAY = "it ends without an error: a service must stay in the foreground; see its start command"
ENDED = (
    "the start command came to its end without an error, but a service goes on running (and listens"
    " on $PORT if it is a web app): is it the right command? Set it with --start"
)


def failure(service: Service, row: Instance, phase: str) -> dict[str, Any]:
    """What a failed deploy shows of the instance that made it fail; JSON."""
    lines = last_lines(row, SHOWN_LINES)
    return {
        "code": "deploy.instance_failed",
        "stage": "health" if phase in {"starting", "gating"} else "settle",
        "message": _message(row, phase),
        "exit_code": row.exit_code,
        "oom": row.is_oom_killed,
        "log_tail": lines,
        "fix": fix(row, lines),
    }


def gate_timeout(row: Instance | None, *, waited_s: float) -> dict[str, Any]:
    """The same for an instance that never answered as it should."""
    lines = last_lines(row, SHOWN_LINES) if row else []
    why = row.last_probe if row and row.last_probe else "no instance came up"
    return {
        "code": "deploy.not_healthy",
        "stage": "health",
        "message": f"not healthy after {waited_s:.0f} s: {why}",
        "exit_code": row.exit_code if row else None,
        "oom": row.is_oom_killed if row else False,
        "log_tail": lines,
        "fix": fix(row, lines) if row else "look at the log of the service",
    }


def crash_loop(row: Instance) -> dict[str, Any]:
    """What is shown of an instance whose process ends again and again."""
    lines = last_lines(row, SHOWN_LINES)
    last = row.exits[-1] if row.exits else {}
    exit_code = last.get("exit_code", row.exit_code)
    # The engine's own flag stays set after the next start, so it counts only for a kill.
    is_oom_killed = bool(last.get("oom") or (exit_code == KILLED and row.is_oom_killed))
    return {
        "code": "crash_loop",
        "stage": "run",
        "instance": row.name,
        "message": f"crash loop: {_how_it_ends(row, exit_code, is_oom_killed=is_oom_killed)}",
        "exit_code": exit_code,
        "oom": is_oom_killed,
        "log_tail": lines,
        "fix": _fix_of_loop(row, lines, exit_code, is_oom_killed=is_oom_killed),
    }


def _fix_of_loop(
    row: Instance, lines: list[str], exit_code: int | None, *, is_oom_killed: bool
) -> str:
    if is_oom_killed:
        return MORE_MEMORY
    return STAY if exit_code == 0 else _hint(row, lines) or LOOK


def _how_it_ends(row: Instance, exit_code: int | None, *, is_oom_killed: bool) -> str:
    how = "for lack of memory" if is_oom_killed else f"with code {exit_code}"
    return f"the process ended {len(row.exits)} times in short order, the last time {how}"


def _message(row: Instance, phase: str) -> str:
    when = "while starting" if phase in {"starting", "gating"} else "soon after the switch"
    if row.is_oom_killed:
        return f"the app ran out of memory {when}"
    if row.state == "missing":
        return f"the container was removed {when}"
    if row.health == "unhealthy" and row.state == "running":
        return f"the app stopped answering {when}: {row.last_probe}"
    if row.exit_code is None:
        return f"the app ended {when}"
    return f"the app exited with code {row.exit_code} {when}"


def fix(row: Instance, lines: list[str]) -> str:
    """One suggestion: the likeliest next step for this failure."""
    if row.is_oom_killed or row.exit_code == KILLED:
        return MORE_MEMORY
    return _hint(row, lines) or LOOK


def _hint(row: Instance, lines: list[str]) -> str:
    """What the last lines give away."""
    if name := missing_variable(lines):
        return _missing(row.service, name)
    where = _port_hint(row)
    if where and NOT_YET not in where:
        return where
    ended = ENDED if row.exit_code == 0 else ""
    return next_step(lines) or where or ended


def _missing(service: Service, name: str) -> str:
    set_it = f"`kyozo env set {service.name} {name}=VALUE`"
    leads_to = {one["variable"]: one["target"] for one in service.plan.get("connections", ())}
    if name not in leads_to:
        return f"the variable {name} is missing: {set_it}"
    return (
        f"the variable {name} is missing, because nothing is deployed as {leads_to[name]}: deploy "
        f"that too (`--with-databases` where only the code speaks of it), or {set_it}"
    )


def _port_hint(row: Instance) -> str:
    """The app runs but does not answer: where does it listen instead?"""
    expected = ReleaseConfig.from_json(row.release.config).http_port
    listening = _listening(row.engine_id) if row.state == "running" and expected else None
    if listening is None or expected is None:
        return ""
    return explain_listeners(listening, expected=expected)


def listens_for_itself(row: Instance) -> bool:
    """Whether the app listens on the right port, but on the container's loopback only."""
    expected = ReleaseConfig.from_json(row.release.config).http_port
    hosts = [host for host, port in _listening(row.engine_id) or () if port == expected]
    return bool(hosts) and all(ip_address(host).is_loopback for host in hosts)


def listens_elsewhere(row: Instance) -> bool:
    """Whether the app listens, but not on the port where it is expected."""
    expected = ReleaseConfig.from_json(row.release.config).http_port
    ports = {port for _, port in _listening(row.engine_id) or ()}
    return bool(ports) and expected is not None and expected not in ports


def _listening(engine_id: str) -> list[tuple[str, int]] | None:
    try:
        found = runtime().listening(engine_id)
    except EngineError:
        return None
    return None if found is None else list(found)


def last_lines(row: Instance, count: int) -> list[str]:
    """The end of an instance's log, without secrets; empty when there is none to be had."""
    if not row.engine_id:
        return []
    masker = log_masker(row)
    try:
        return [masker.mask(line.text) for line in runtime().logs(row.engine_id, tail=count)]
    except EngineError:
        return []


class LogMaskers:
    """For what the instances of one service print; what they share is read once."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @cached_property
    def _siblings(self) -> list[Service]:
        return siblings(self._service)

    def of(self, row: Instance) -> Masker:
        """Its release may have an older value than its service, and passwords of the services that
        it talks to."""
        service, released = self._service, row.release.environment
        old = (released[name] for name in service.secret_names if name in released)
        others = connected_secrets(service, released, others=lambda: self._siblings)
        return Masker([*service.secrets.values(), *old, *others])


def log_masker(row: Instance) -> Masker:
    """For what one instance prints."""
    return LogMaskers(row.service).of(row)
