"""What the containers of a Docker engine use: from cgroup files where we may, else by asking."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.errors import EngineError, EngineNotFoundError
from services.runtimes.base import Stats
from services.runtimes.cgroups import Host, Usage
from services.runtimes.docker_engine import Engine
from services.runtimes.docker_observe import Observations

PARALLEL = 8
REMEMBERED = 8192
# Two readers right after one another: over so short a time the difference says nothing.
SHORTEST_S = 0.2


@dataclass(frozen=True, slots=True)
class Sample:
    at: float
    cpu_ns: int
    cpu_percent: float


class Meter:
    """Turns counters into figures; CPU is the difference to the last sample, 100 being one core."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last: OrderedDict[str, Sample] = OrderedDict()

    def read(self, engine_id: str, usage: Usage) -> Stats:
        return Stats(
            cpu_percent=self._cpu_percent(engine_id, usage.cpu_ns),
            memory_bytes=usage.memory_bytes,
            memory_limit_bytes=usage.memory_limit_bytes,
            network_rx_bytes=usage.network_rx_bytes,
            network_tx_bytes=usage.network_tx_bytes,
            disk_read_bytes=usage.disk_read_bytes,
            disk_write_bytes=usage.disk_write_bytes,
            at=datetime.now(UTC),
        )

    def _cpu_percent(self, engine_id: str, cpu_ns: int) -> float:
        """0 for the first sample, and for one after a restart, which begins to count anew."""
        now = self._clock()
        with self._lock:
            last = self._last.get(engine_id)
            if last is not None and now - last.at < SHORTEST_S:
                return last.cpu_percent
            percent = 0.0
            if last is not None and cpu_ns >= last.cpu_ns:
                percent = round((cpu_ns - last.cpu_ns) / (now - last.at) / 1e7, 2)
            self._last[engine_id] = Sample(now, cpu_ns, percent)
            self._last.move_to_end(engine_id)
            while len(self._last) > REMEMBERED:
                self._last.popitem(last=False)
        return percent


def local_usage(host: Host, observations: Observations, engine_id: str) -> Usage | None:
    """A container that restarted has another process than we remember."""
    for fresh in (False, True):
        pid = observations.pid(engine_id, fresh=fresh)
        if pid and (usage := host.usage(pid, engine_id)):
            return usage
    return None


def asked_usage(engine: Engine, engine_ids: Sequence[str]) -> dict[str, Usage]:
    """One second each, so several at a time; those that are gone or do not answer are left out."""

    def ask(engine_id: str) -> tuple[str, Usage | None]:
        try:
            with engine.call("read statistics") as client:
                return engine_id, read_usage(client.stats(engine_id, stream=False, one_shot=True))
        except EngineNotFoundError:
            return engine_id, None
        except EngineError as exc:
            if exc.error_code == "engine.timeout":
                return engine_id, None
            raise

    with ThreadPoolExecutor(PARALLEL) as pool:
        return {engine_id: usage for engine_id, usage in pool.map(ask, engine_ids) if usage}


def read_usage(said: Mapping[str, Any]) -> Usage | None:
    """Docker's statistics; a stopped container has only empty ones."""
    memory = said.get("memory_stats") or {}
    if "usage" not in memory:
        return None
    details = memory.get("stats") or {}
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    networks = (said.get("networks") or {}).values()
    blocks = (said.get("blkio_stats") or {}).get("io_service_bytes_recursive") or []
    return Usage(
        cpu_ns=said["cpu_stats"]["cpu_usage"]["total_usage"],
        memory_bytes=max(0, memory["usage"] - cache),
        memory_limit_bytes=memory.get("limit", 0),
        network_rx_bytes=sum(one["rx_bytes"] for one in networks),
        network_tx_bytes=sum(one["tx_bytes"] for one in networks),
        disk_read_bytes=_bytes(blocks, "read"),
        disk_write_bytes=_bytes(blocks, "write"),
    )


def _bytes(blocks: Sequence[Mapping[str, Any]], operation: str) -> int:
    """`Read` with cgroup v1, `read` with v2."""
    return sum(one["value"] for one in blocks if one["op"].lower() == operation)
