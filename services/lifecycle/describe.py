"""Why an instance failed, in words: exit code, memory, last lines, and what to try next."""

import re
from ipaddress import ip_address
from typing import Any

from services.builds.masking import Masker
from services.errors import EngineError
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import runtime
from services.models import Instance, Service
from services.probes.listeners import NOT_YET, explain_listeners

SHOWN_LINES = 20

# How Python, Node, Ruby and people themselves say that a variable is not set.
MISSING_VARIABLE = tuple(
    re.compile(pattern)
    for pattern in (
        r"KeyError: ['\"]([A-Z][A-Z0-9_]+)['\"]",
        r"key not found: \"([A-Z][A-Z0-9_]+)\"",
        r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b.{0,40}\b(?:is required|not set|missing|undefined)",
        r"(?:[Mm]issing|[Uu]nset|[Rr]equired)\b.{0,40}\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b",
        r"[Ee]nvironment variable not found: ([A-Z][A-Z0-9_]+)",
        r"[Ss]et the ([A-Z][A-Z0-9_]+) environment variable",
        r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+) (?:not found|setting must not be empty)",
    )
)

NO_SUCH_HOST = (
    "a host that the app names is not known here: a service answers under its name, so set the"
    " address of what it needs with `kyozo env set`"
)
NO_TABLES = (
    "its database has no tables yet: let --start run what makes them first, as in"
    " `flask db upgrade && ...`"
)
ENDED = (
    "the start command came to its end without an error, but a service goes on running (and listens"
    " on $PORT if it is a web app): is it the right command? Set it with --start"
)
HINTS = (
    ("modulenotfounderror", "a Python package is missing: add it to the project's requirements"),
    ("cannot find module", "a Node module or file is missing: add it to package.json dependencies"),
    ("command not found", "the start command does not exist in the image; set it with --start"),
    ("no such file or directory", "a file that the start command names is not in the image"),
    ("permission denied", "the app runs as a non-root user; write to /tmp or to a volume instead"),
    ("address already in use", "the app starts two servers on one port"),
    ("read-only file system", "write to /tmp or to a volume instead"),
    ("no such table", NO_TABLES),
    ("undefinedtable", NO_TABLES),
    ("unable to open database file", "SQLite needs a folder it may write to: a volume, or /tmp"),
    ("could not translate host name", NO_SUCH_HOST),
    ("name or service not known", NO_SUCH_HOST),
    ("temporary failure in name resolution", NO_SUCH_HOST),
    ("enotfound", NO_SUCH_HOST),
    ("no application encryption key", "Laravel needs a key: set APP_KEY with `kyozo env set`"),
    ("econnrefused", "a service it needs did not answer; is it deployed and healthy?"),
    ("connection refused", "a service it needs did not answer; is it deployed and healthy?"),
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
    if row.is_oom_killed or row.exit_code == 137:
        return "give it more memory: resource_limits.memory_mb"
    if name := missing_variable(lines):
        return f"the variable {name} is missing: `kyozo env set {row.service.name} {name}=VALUE`"
    where = _port_hint(row)
    if where and NOT_YET not in where:
        return where
    text = "\n".join(lines).lower()
    in_words = next((hint for words, hint in HINTS if words in text), "")
    ended = ENDED if row.exit_code == 0 else ""
    return in_words or where or ended or "look at the last lines above; `kyozo logs` shows more"


def missing_variable(lines: list[str]) -> str | None:
    """The environment variable that the app says it cannot do without."""
    for line in reversed(lines):
        for pattern in MISSING_VARIABLE:
            if found := pattern.search(line):
                return found[1]
    return None


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


def log_masker(row: Instance) -> Masker:
    """For what an instance prints; its release may have an older value than its service."""
    service, released = row.service, row.release.environment
    old = (released[name] for name in service.secret_names if name in released)
    return Masker([*service.secrets.values(), *old])
