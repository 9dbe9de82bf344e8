"""What runs on a Docker engine: one list call, and an inspect only where the list is not enough."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.errors import EngineNotFoundError
from services.runtimes.base import (
    LABEL_FENCE,
    LABEL_GENERATION,
    LABEL_INSTALL,
    LABEL_INSTANCE,
    LABEL_ONCE,
    LABEL_REPLICA,
    LABEL_SERVICE,
    ObservedInstance,
    State,
)
from services.runtimes.docker_engine import Engine

REMEMBERED = 8192
# What a list never shows (an OOM kill that the main process survived) is found within this time;
# with a watcher at once, because its events make us forget.
TRUSTED_S = 60.0
PARALLEL_INSPECTS = 8
_AGE = re.compile(r"(\d+|About an?) (second|minute|hour|day|week|month|year)")
_UNIT_S = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,
    "year": 31_536_000,
}
_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")


@dataclass(frozen=True, slots=True)
class Facts:
    """What only an inspect tells, and when it was asked for."""

    state: str
    asked_at: float
    pid: int
    exit_code: int | None
    oom_killed: bool
    restarts: int
    started_at: datetime | None
    finished_at: datetime | None

    def hold(self, *, state: str, status: str, now: float) -> bool:
        """A container that is longer in its state than our inspect is old did not change since.

        Equal status texts would not do: two looks a minute apart can both see `Up 5 seconds`.
        """
        old_s = now - self.asked_at
        return self.state == state and old_s < min(TRUSTED_S, least_age_s(status))


class Observations:
    """Looks at containers, and remembers the facts of those that cannot have changed."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._facts: OrderedDict[str, Facts] = OrderedDict()
        self._by_address: dict[str, str] = {}

    def look(self, labels: Sequence[str]) -> list[ObservedInstance]:
        """All containers with these labels, one-off commands apart."""
        with self._engine.call("list containers") as client:
            rows: list[dict[str, Any]] = client.containers(all=True, filters={"label": [*labels]})
        # Without a value it is a label of the image, which anybody may have written.
        rows = [row for row in rows if not (row.get("Labels") or {}).get(LABEL_ONCE)]
        now = self._clock()
        # Ours for this look: whoever hears of an event meanwhile makes `_facts` forget.
        facts = {row["Id"]: self._known(row, now=now) for row in rows}
        asked = [engine_id for engine_id, known in facts.items() if known is None]
        if len(asked) > PARALLEL_INSPECTS:
            with ThreadPoolExecutor(PARALLEL_INSPECTS) as pool:
                facts.update(zip(asked, pool.map(self.inspect, asked), strict=True))
        else:
            facts.update((engine_id, self.inspect(engine_id)) for engine_id in asked)
        return self._combined(rows, facts)

    def inspect(self, engine_id: str) -> Facts | None:
        """Fresh facts; None when the container is gone."""
        asked_at = self._clock()
        try:
            with self._engine.call("inspect a container") as client:
                seen = client.inspect_container(engine_id)
        except EngineNotFoundError:
            self.forget(engine_id)
            return None
        facts = read_facts(seen["State"], restarts=seen["RestartCount"], asked_at=asked_at)
        with self._lock:
            self._facts[engine_id] = facts
            self._facts.move_to_end(engine_id)
            while len(self._facts) > REMEMBERED:
                self._facts.popitem(last=False)
        return facts

    def forget(self, engine_id: str) -> None:
        with self._lock:
            self._facts.pop(engine_id, None)

    def pid(self, engine_id: str, *, fresh: bool = False) -> int:
        """The container's first process on the engine's host, 0 when it does not run."""
        facts = None if fresh else self._facts.get(engine_id)
        facts = facts or self.inspect(engine_id)
        return facts.pid if facts else 0

    def at_address(self, address: str) -> str:
        """The id of the running container with this address, empty when there is none."""
        if address not in self._by_address:
            self.look([LABEL_INSTALL])
        return self._by_address.get(address, "")

    def forget_address(self, address: str) -> None:
        self._by_address.pop(address, None)

    def _known(self, row: Mapping[str, Any], *, now: float) -> Facts | None:
        facts = self._facts.get(row["Id"])
        holds = facts and facts.hold(state=row["State"], status=row["Status"], now=now)
        return facts if holds else None

    def _combined(
        self, rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Facts | None]
    ) -> list[ObservedInstance]:
        found = []
        for row in rows:
            known = facts[row["Id"]]
            if known is None:  # removed between the list and the inspect
                continue
            instance = read_instance(row, known)
            found.append(instance)
            if instance.address:
                self._remember_address(instance)
        return found

    def _remember_address(self, instance: ObservedInstance) -> None:
        if len(self._by_address) > REMEMBERED:
            self._by_address.clear()
        self._by_address[instance.address] = instance.engine_id


def read_instance(row: Mapping[str, Any], facts: Facts) -> ObservedInstance:
    """A row of the list and the facts of an inspect as one instance."""
    labels: dict[str, str] = row.get("Labels") or {}
    health = _HEALTH.search(row["Status"])
    names = row.get("Names") or [""]
    return ObservedInstance(
        engine_id=row["Id"],
        name=names[0].removeprefix("/"),
        state=read_state(row["State"]),
        instance_id=labels.get(LABEL_INSTANCE, ""),
        service_id=labels.get(LABEL_SERVICE, ""),
        generation=_number(labels.get(LABEL_GENERATION)),
        replica=_number(labels.get(LABEL_REPLICA)),
        fence=_number(labels.get(LABEL_FENCE)),
        health=health[1] if health else "unknown",
        exit_code=facts.exit_code,
        oom_killed=facts.oom_killed,
        restarts=facts.restarts,
        started_at=facts.started_at,
        finished_at=facts.finished_at,
        address=_address(row),
        ports=_published(row.get("Ports") or []),
    )


def read_state(word: str) -> State:
    """`removing` is a container on its way out, which for us is a dead one."""
    if word == "removing":
        return State.DEAD
    try:
        return State(word)
    except ValueError:
        return State.UNKNOWN


def read_facts(state: Mapping[str, Any], *, restarts: int, asked_at: float) -> Facts:
    """An exit code counts once something ended: a container that never started shows 0, too."""
    word = state["Status"]
    ended = word in {"exited", "dead", "restarting"} or (word == "created" and state["ExitCode"])
    return Facts(
        state=word,
        asked_at=asked_at,
        pid=state.get("Pid", 0),
        exit_code=state["ExitCode"] if ended else None,
        oom_killed=bool(state.get("OOMKilled")),
        restarts=restarts,
        started_at=read_time(state.get("StartedAt", "")),
        finished_at=read_time(state.get("FinishedAt", "")),
    )


def read_time(text: str) -> datetime | None:
    """The engine writes year 1 for never."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text)


def least_age_s(status: str) -> float:
    """How long, at the least, a container has been in the state of `Up 5 minutes`.

    Half of what it says: the engine rounds hours up. 0 when it says nothing, so it is asked again.
    """
    if "Less than" in status or not (age := _AGE.search(status)):
        return 0.0
    count = int(age[1]) if age[1].isdigit() else 1
    return 0.5 * count * _UNIT_S[age[2]]


def _number(text: str | None) -> int:
    """Labels are written by whoever starts a container: one that is no number is none of ours."""
    return int(text) if text and text.isdecimal() and text.isascii() else 0


def _address(row: Mapping[str, Any]) -> str:
    networks = (row.get("NetworkSettings") or {}).get("Networks") or {}
    addresses = (endpoint.get("IPAddress") for endpoint in networks.values() if endpoint)
    return next((str(address) for address in addresses if address), "")


def _published(ports: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    return {port["PrivatePort"]: port["PublicPort"] for port in ports if port.get("PublicPort")}
