"""The fake driver: an engine in memory that passes the contract suite, with hooks to break it."""

import hashlib
import ipaddress
import queue
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from services.errors import EngineError, EngineNotFoundError, EngineUnreachableError
from services.runtimes.base import (
    LABEL_INSTALL,
    LABEL_INSTANCE,
    LABEL_SERVICE,
    LABEL_TEAM,
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
    Slot,
    State,
    Stats,
)
from services.runtimes.fake_engine import ALIVE, Box, FakeEngine

MIB = 1024 * 1024
GIB = 1024 * MIB
LOOK_UP_S = 0.02


class FakeRuntime(Runtime):
    """For fast tests and demonstrations. What is public and not of the Protocol is for breaking it.

    `programs` says how commands end (those it does not name: well), `unhealthy` names instances and
    images that never answer, `missing_images` images that cannot be found, `data_folders` their
    VOLUME lines.
    """

    name = "fake"

    def __init__(self, base_url: str = "fake://", *, timeout_s: float = 10) -> None:
        self.base_url = base_url
        self.timeout_s = timeout_s
        self.engine = FakeEngine()
        self.missing_images = self.engine.missing_images
        self.programs: dict[str, RunResult] = {"false": RunResult(exit_code=1, output="")}
        self.unhealthy: set[str] = set()
        self.used: dict[str, Stats] = {}
        self.open_connections: dict[tuple[str, int], int] = {}
        self.listeners: dict[str, list[tuple[str, int]]] = {}
        self.disk_now: Disk | None = Disk("/fake", used_bytes=10 * GIB, free_bytes=90 * GIB)
        self.build_cache_bytes = 0
        self.data_folders: dict[str, tuple[str, ...]] = {}
        self._failures: defaultdict[str, deque[Exception]] = defaultdict(deque)
        self._unreachable = False

    @property
    def unreachable(self) -> bool:
        return self._unreachable

    @unreachable.setter
    def unreachable(self, value: bool) -> None:
        """Events are lost while it is true; watchers get a gap afterwards."""
        self._unreachable = self.engine.deaf = value
        if not value:
            self.engine.publish_gap()

    def fail_next(self, method: str, error: Exception) -> None:
        """The next call of that method raises; several are raised one after the other."""
        self._failures[method].append(error)

    def die(self, engine_id: str, *, exit_code: int = 1, oom: bool = False) -> None:
        """The process of an instance ends by itself."""
        self.engine.end(self.engine.find(engine_id), exit_code=137 if oom else exit_code, oom=oom)

    def lose(self, engine_id: str) -> None:
        """Somebody removes an instance by hand."""
        self.engine.destroy(self.engine.find(engine_id))

    def disconnect(self, engine_id: str) -> None:
        """Somebody takes a running instance out of its network."""
        self.engine.find(engine_id).address = ""

    def add_foreign(self, name: str, *, address: str = "") -> str:
        """A running container that is none of ours."""
        box = self.engine.add(name, {})
        self.engine.start(box)
        box.address = address
        return box.engine_id

    def add_image(self, *refs: str, labels: Mapping[str, str], size_bytes: int = MIB) -> str:
        """The id of an image that somebody built."""
        return self.engine.add_image(refs, labels, size_bytes=size_bytes).engine_id

    def say(self, engine_id: str, text: str, *, stream: str = "stdout") -> None:
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        self.engine.find(engine_id).lines.append(LogLine(at=at, stream=stream, text=text))

    def answers(self, address: str, port: int) -> bool:
        """What a probe of an instance would find: it runs and nobody called it unhealthy."""
        box = self.engine.at(address)
        if box is None or box.state is not State.RUNNING:
            return False
        image = box.spec.image if box.spec else ""
        return not self.unhealthy & {box.labels.get(LABEL_INSTANCE, ""), box.engine_id, image}

    def close(self) -> None:
        """Nothing to close; drivers with connections have this, too."""

    def caps(self) -> Caps:
        return Caps()

    def info(self) -> EngineInfo:
        self._enter("info")
        return EngineInfo(version="1.0", api_version="1.0", platform="linux/amd64", name="fake")

    def apply(self, spec: ServiceSpec, *, fence: Fence) -> list[ObservedInstance]:
        self._enter("apply")
        return [self._bring_up(spec, slot, fence).seen() for slot in spec.slots]

    def promote(self, engine_id: str, *, fence: Fence) -> None:
        self._enter("promote")
        self._own(engine_id, fence).promoted = True

    def demote(self, engine_id: str, *, fence: Fence) -> None:
        self._enter("demote")
        self._own(engine_id, fence).promoted = False

    def set_names(
        self, engine_id: str, network: str, *, address: str, names: Sequence[str], fence: Fence
    ) -> None:
        self._enter("set_names")
        box = self._own(engine_id, fence)
        if network not in self.engine.networks:
            message = f"Network {network} not found."
            raise EngineNotFoundError(message)
        if box.names != set(names):
            fence.check()
            box.address, box.names = address, set(names)

    def start(self, engine_id: str, *, fence: Fence) -> None:
        self._enter("start")
        self.engine.start(self._own(engine_id, fence))

    def resume(self, engine_id: str, *, fence: Fence) -> None:
        self._enter("resume")
        with suppress(EngineNotFoundError):
            self.engine.resume(self._own(engine_id, fence))

    def stop(self, engine_id: str, *, grace_s: int, fence: Fence) -> None:
        self._enter("stop")
        with suppress(EngineNotFoundError):
            self.engine.stop(self._own(engine_id, fence))

    def remove(self, engine_id: str, *, fence: Fence) -> None:
        self._enter("remove")
        with suppress(EngineNotFoundError):
            self.engine.destroy(self._own(engine_id, fence))

    def observe(self, selector: Selector) -> list[ObservedInstance]:
        self._enter("observe")
        wanted = {
            LABEL_INSTALL: selector.install,
            LABEL_SERVICE: selector.service_id,
            LABEL_TEAM: selector.team_id,
        }
        wanted = {label: value for label, value in wanted.items() if value}
        ours = (box for box in self.engine.boxes() if LABEL_INSTANCE in box.labels)
        return [box.seen() for box in ours if wanted.items() <= box.labels.items()]

    def watch(self, *, install: str, stopped: Callable[[], bool]) -> Iterator[EngineEvent]:
        with self.engine.watched(install) as inbox:
            yield EngineEvent(kind="gap", gap=True)
            while not stopped():
                with suppress(queue.Empty):
                    yield inbox.get(timeout=0.05)

    def run_once(self, spec: ServiceSpec, *, argv: Sequence[str], timeout_s: float) -> RunResult:
        self._enter("run_once")
        if spec.image in self.missing_images:
            message = f"No such image: {spec.image}"
            raise EngineNotFoundError(message, code="engine.image_missing")
        return self._run(argv, timeout_s=timeout_s)

    def exec(self, engine_id: str, argv: Sequence[str], *, timeout_s: float) -> RunResult:
        self._enter("exec")
        if self.engine.find(engine_id).state is not State.RUNNING:
            message = f"Container {engine_id[:12]} is not running."
            raise EngineError(message, code="engine.not_running")
        return self._run(argv, timeout_s=timeout_s)

    def logs(
        self,
        engine_id: str,
        *,
        tail: int | None = 100,
        since: str = "",
        follow: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[LogLine]:
        self._enter("logs")
        box = self.engine.find(engine_id)
        told = len(box.lines)
        lines = [line for line in box.lines[:told] if line.at >= since]
        yield from lines if tail is None else lines[max(0, len(lines) - tail) :]
        while follow and not stopped() and (box.state in ALIVE or told < len(box.lines)):
            for line in box.lines[told:]:
                told += 1
                yield line
            threading.Event().wait(LOOK_UP_S)

    def stats(self, engine_ids: Sequence[str]) -> dict[str, Stats]:
        self._enter("stats")
        running = {box.engine_id for box in self.engine.boxes() if box.state is State.RUNNING}
        return {one: self.used.get(one, _little()) for one in engine_ids if one in running}

    def connections(self, address: str, port: int) -> int | None:
        self._enter("connections")
        return self.open_connections.get((address, port), 0)

    def listening(self, engine_id: str) -> list[tuple[str, int]] | None:
        self._enter("listening")
        return self.listeners.get(engine_id, [])

    def ensure_network(self, network: Network, *, labels: Mapping[str, str]) -> Network:
        self._enter("ensure_network")
        known = self.engine.networks.get(network.name)
        if known is None:
            self._refuse_overlap(network)
            known = self.engine.networks.setdefault(network.name, (network, dict(labels)))
        found, found_labels = known
        if found_labels.get(LABEL_INSTALL) != labels.get(LABEL_INSTALL):
            message = f"The network {network.name} is not of this Kyozo."
            raise EngineError(message, code="engine.name_taken")
        return found

    def remove_network(self, name: str) -> None:
        self._enter("remove_network")
        self.engine.networks.pop(name, None)

    def ensure_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        self._enter("ensure_volume")
        found = self.engine.volumes.setdefault(name, dict(labels))
        if found.get(LABEL_INSTALL) != labels.get(LABEL_INSTALL):
            message = f"The volume {name} is not of this Kyozo."
            raise EngineError(message, code="engine.name_taken")

    def remove_volume(self, name: str, *, install: str, fence: Fence) -> None:
        self._enter("remove_volume")
        labels = self.engine.volumes.get(name)
        if labels is None:
            return
        if labels.get(LABEL_INSTALL) != install:
            message = f"The volume {name} is not of this Kyozo."
            raise EngineError(message, code="engine.foreign")
        if any(name in box.volumes for box in self.engine.boxes()):
            message = f"remove {name}: volume is in use"
            raise EngineError(message, code="engine.volume_in_use")
        fence.check()
        self.engine.volumes.pop(name, None)

    def image_volumes(self, ref: str) -> tuple[str, ...]:
        self._enter("image_volumes")
        return self.data_folders.get(ref, ())

    def image_id(self, ref: str) -> str | None:
        self._enter("image_id")
        if ref in self.missing_images:
            return None
        if (made := self.engine.image(ref)) is not None:
            return made.engine_id
        return f"sha256:{hashlib.sha256(ref.encode()).hexdigest()}"

    def image(self, ref: str) -> EngineImage | None:
        engine_id = self.image_id(ref)
        if engine_id is None:
            return None
        return self.engine.image(ref) or EngineImage(engine_id, (ref,))

    def images(self, *, install: str) -> list[EngineImage]:
        self._enter("images")
        every = self.engine.images.values()
        return [image for image in every if image.labels.get(LABEL_INSTALL) == install]

    def image_names(self, repository: str) -> list[str]:
        self._enter("image_names")
        return self.engine.image_names(repository)

    def tag_image(self, engine_id: str, name: str) -> None:
        self._enter("tag_image")
        self.engine.tag(engine_id, name)

    def remove_image(self, name: str, *, engine_id: str, fence: Fence) -> None:
        self._enter("remove_image")
        fence.check()
        if self.image_id(name) == engine_id:
            self.engine.untag(name, engine_id)

    def trim_build_cache(self, *, keep_bytes: int) -> int:
        self._enter("trim_build_cache")
        freed = max(0, self.build_cache_bytes - keep_bytes)
        self.build_cache_bytes -= freed
        return freed

    def disk(self) -> Disk | None:
        self._enter("disk")
        return self.disk_now

    def _enter(self, method: str) -> None:
        if self._unreachable:
            message = "The fake engine was told not to be reachable."
            raise EngineUnreachableError(message)
        if self._failures[method]:
            raise self._failures[method].popleft()

    def _bring_up(self, spec: ServiceSpec, slot: Slot, fence: Fence) -> Box:
        found = self.engine.named(slot.name)
        if found and found.labels.get(LABEL_INSTALL) != spec.labels[LABEL_INSTALL]:
            message = f"A container named {slot.name} exists that Kyozo did not create."
            raise EngineError(message, code="engine.name_taken")
        if found and found.labels.get(LABEL_INSTANCE) == slot.instance_id:
            return self._revive(found, spec, slot, fence)
        fence.check()
        if found:
            self.engine.destroy(found)
        created = self.engine.create(spec, slot, fence_token=fence.token)
        try:
            return self._begin(created, fence)
        except EngineError:
            self.engine.destroy(created)
            raise

    def _revive(self, box: Box, spec: ServiceSpec, slot: Slot, fence: Fence) -> Box:
        if slot.address and slot.address not in {box.address, box.wanted_address}:
            fence.check()
            box.address, box.wanted_address = "", slot.address
        if box.state is not State.RUNNING:
            return self._begin(box, fence)
        if slot.address and box.address != slot.address:
            fence.check()
            self.engine.rejoin(box, spec)
        return box

    def _begin(self, box: Box, fence: Fence) -> Box:
        fence.check()
        self.engine.start(box)
        command = box.spec.command if box.spec else None
        if command and (command[0] in self.programs or command[0] in {"echo", "true"}):
            result = self._run(command, timeout_s=self.timeout_s)
            for text in result.output.splitlines():
                self.say(box.engine_id, text)
            self.engine.end(box, exit_code=result.exit_code, oom=result.oom_killed)
        return box

    def _own(self, engine_id: str, fence: Fence) -> Box:
        box = self.engine.find(engine_id)
        if LABEL_INSTALL not in box.labels:
            message = f"Container {engine_id[:12]} was not created by Kyozo."
            raise EngineError(message, code="engine.foreign")
        fence.check()
        return box

    def _run(self, argv: Sequence[str], *, timeout_s: float) -> RunResult:
        if argv[0] == "sleep" and float(argv[1]) > timeout_s:
            message = f"{argv[0]} did not end within {timeout_s:g} s."
            raise EngineError(message, code="engine.run_timeout", params={"output": ""})
        said = " ".join(argv[1:]) if argv[0] == "echo" else ""
        return self.programs.get(argv[0], RunResult(exit_code=0, output=said))

    def _refuse_overlap(self, wanted: Network) -> None:
        subnet = ipaddress.ip_network(wanted.subnet)
        for network, _ in self.engine.networks.values():
            if subnet.overlaps(ipaddress.ip_network(network.subnet)):
                message = f"Subnet {wanted.subnet} overlaps with network {network.name}."
                raise EngineError(message, code="engine.network_clash")


def _little() -> Stats:
    return Stats(
        cpu_percent=1.0,
        memory_bytes=16 * MIB,
        memory_limit_bytes=512 * MIB,
        network_rx_bytes=0,
        network_tx_bytes=0,
        disk_read_bytes=0,
        disk_write_bytes=0,
        at=datetime.now(UTC),
    )
