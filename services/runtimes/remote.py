"""The engine of a process that has none: a few reads are asked at the desk, all else is refused."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NoReturn

from services.errors import EngineError
from services.runtimes.base import (
    Caps,
    Disk,
    EngineEvent,
    EngineImage,
    EngineInfo,
    Fence,
    LogLine,
    Network,
    ObservedInstance,
    RunResult,
    Runtime,
    Selector,
    ServiceSpec,
    Stats,
)
from services.runtimes.desk import Desk


class RemoteRuntime(Runtime):
    """What web processes have: it can say what an engine shows, and change nothing."""

    name = "remote"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def caps(self) -> Caps:
        return Caps(exec=False)

    def info(self) -> EngineInfo:
        return EngineInfo(**self._desk.ask("info"))

    def image_id(self, ref: str) -> str | None:
        found = self._desk.ask("image_id", ref=ref)
        return None if found is None else str(found)

    def logs(
        self,
        engine_id: str,
        *,
        tail: int | None = 100,
        since: str = "",
        follow: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[LogLine]:
        if follow:
            _refuse()
        for row in self._desk.items("logs", engine_id=engine_id, tail=tail, since=since):
            if stopped():
                return
            yield LogLine(*row)

    def apply(self, spec: ServiceSpec, *, fence: Fence) -> list[ObservedInstance]:
        _refuse()

    def promote(self, engine_id: str, *, fence: Fence) -> None:
        _refuse()

    def demote(self, engine_id: str, *, fence: Fence) -> None:
        _refuse()

    def set_names(
        self, engine_id: str, network: str, *, address: str, names: Sequence[str], fence: Fence
    ) -> None:
        _refuse()

    def start(self, engine_id: str, *, fence: Fence) -> None:
        _refuse()

    def resume(self, engine_id: str, *, fence: Fence) -> None:
        _refuse()

    def stop(self, engine_id: str, *, grace_s: int, fence: Fence) -> None:
        _refuse()

    def remove(self, engine_id: str, *, fence: Fence) -> None:
        _refuse()

    def observe(self, selector: Selector) -> list[ObservedInstance]:
        _refuse()

    def watch(self, *, install: str, stopped: Callable[[], bool]) -> Iterator[EngineEvent]:
        _refuse()

    def run_once(self, spec: ServiceSpec, *, argv: Sequence[str], timeout_s: float) -> RunResult:
        _refuse()

    def exec(self, engine_id: str, argv: Sequence[str], *, timeout_s: float) -> RunResult:
        _refuse()

    def stats(self, engine_ids: Sequence[str]) -> dict[str, Stats]:
        _refuse()

    def connections(self, address: str, port: int) -> int | None:
        return None

    def listening(self, engine_id: str) -> list[tuple[str, int]] | None:
        return None

    def ensure_network(self, network: Network, *, labels: Mapping[str, str]) -> Network:
        _refuse()

    def remove_network(self, name: str) -> None:
        _refuse()

    def ensure_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        _refuse()

    def remove_volume(self, name: str, *, install: str, fence: Fence) -> None:
        _refuse()

    def image_volumes(self, ref: str) -> tuple[str, ...]:
        _refuse()

    def image(self, ref: str) -> EngineImage | None:
        _refuse()

    def images(self, *, install: str) -> list[EngineImage]:
        _refuse()

    def image_names(self, repository: str) -> list[str]:
        _refuse()

    def tag_image(self, engine_id: str, name: str) -> None:
        _refuse()

    def remove_image(self, name: str, *, engine_id: str, fence: Fence) -> None:
        _refuse()

    def trim_build_cache(self, *, keep_bytes: int) -> int:
        _refuse()

    def disk(self) -> Disk | None:
        return None


def _refuse() -> NoReturn:
    raise EngineError(
        "this process has no engine to do that with",
        code="engine.not_here",
        fix="it is for a worker: set KYOZO_RUNTIME=docker in the process that was asked",
    )
