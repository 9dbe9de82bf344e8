"""Docker's event stream as ours: reopened when it breaks, a `gap` where events may be missing."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests

from services.errors import EngineError, EngineUnreachableError
from services.runtimes.base import (
    LABEL_INSTALL,
    LABEL_INSTANCE,
    LABEL_ONCE,
    LABEL_SERVICE,
    EngineEvent,
)
from services.runtimes.docker_engine import Engine
from services.runtimes.docker_streams import LOOK_UP_S, Pump, follow_stream

# Not exec_*: each command check would be three events.
KINDS = (
    "create",
    "start",
    "die",
    "stop",
    "kill",
    "oom",
    "destroy",
    "rename",
    "pause",
    "unpause",
    "health_status",
)
# A stream that said nothing for so long is not trusted any more: the engine may have restarted.
SILENCE_S = 60.0
# HUP, USR1 and USR2 make a program read its settings or open its logs anew, and end none.
HARMLESS_SIGNALS = frozenset({"1", "10", "12"})
FIRST_BACKOFF_S = 0.25
LONGEST_BACKOFF_S = 5.0


def watch(
    engine: Engine, *, install: str, stopped: Callable[[], bool], forget: Callable[[str], None]
) -> Iterator[EngineEvent]:
    """Events until `stopped`; `forget` hears of each container whose facts are old now."""
    backoff_s = FIRST_BACKOFF_S
    is_lost = False
    while not stopped():
        try:
            pump = Pump(lambda: _open(engine, install), _events)
            for event in follow_stream(pump, stopped=stopped, ping=engine.ping):
                backoff_s = FIRST_BACKOFF_S
                is_lost = False
                forget(event.engine_id)
                yield event
        except EngineError as exc:
            if isinstance(exc, EngineUnreachableError) and not is_lost:
                is_lost = True
                yield EngineEvent(kind="lost", at=time.time())
            pause(backoff_s, stopped=stopped)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)


def pause(seconds: float, *, stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not stopped() and (left := until - time.monotonic()) > 0:
        threading.Event().wait(min(left, LOOK_UP_S))


def _open(engine: Engine, install: str) -> requests.Response:
    filters = {
        "type": ["container"],
        "label": [f"{LABEL_INSTALL}={install}"],
        "event": list(KINDS),
    }
    return engine.open(
        "/events",
        doing="watch events",
        params={"filters": json.dumps(filters)},
        read_timeout_s=SILENCE_S,
    )


def _events(response: requests.Response) -> Iterator[EngineEvent]:
    """The gap comes once the stream is open, so it has all that happens while its reader lists."""
    yield EngineEvent(kind="gap", gap=True, at=time.time())
    for line in response.iter_lines():
        if line and (event := read_event(json.loads(line))):
            yield event


def read_event(said: Mapping[str, Any]) -> EngineEvent | None:
    """None for containers that run a single command, whose end is told by `run_once`, and for a
    `kill` that is none."""
    actor = said.get("Actor") or {}
    attributes: Mapping[str, str] = actor.get("Attributes") or {}
    kind = str(said.get("Action", "")).partition(":")[0]
    if attributes.get(LABEL_ONCE):  # empty: a label of its image
        return None
    if kind == "kill" and attributes.get("signal") in HARMLESS_SIGNALS:
        return None
    exit_code = attributes.get("exitCode", "")
    return EngineEvent(
        kind=kind,
        engine_id=str(actor.get("ID", "")),
        service_id=attributes.get(LABEL_SERVICE, ""),
        instance_id=attributes.get(LABEL_INSTANCE, ""),
        exit_code=int(exit_code) if exit_code.isdecimal() else None,
        at=said.get("timeNano", 0) / 1e9,
    )
