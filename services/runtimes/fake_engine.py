"""The make-believe engine inside the fake runtime: containers and networks as plain objects."""

import ipaddress
import itertools
import queue
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from services.errors import AddressTakenError, EngineError, EngineNotFoundError
from services.runtimes.base import (
    LABEL_FENCE,
    LABEL_GENERATION,
    LABEL_INSTALL,
    LABEL_INSTANCE,
    LABEL_RELEASE,
    LABEL_REPLICA,
    LABEL_SERVICE,
    EngineEvent,
    EngineImage,
    LogLine,
    Network,
    ObservedInstance,
    ServiceSpec,
    Slot,
    State,
)

ALIVE = (State.RUNNING, State.PAUSED, State.RESTARTING)
FIRST_FREE_PORT = 49152


@dataclass(slots=True, eq=False)
class Box:
    """One container. A foreign one has no spec."""

    engine_id: str
    name: str
    labels: Mapping[str, str]
    spec: ServiceSpec | None = None
    wanted_address: str = ""
    address: str = ""
    state: State = State.CREATED
    promoted: bool = False
    names: set[str] = field(default_factory=set)
    exit_code: int | None = None
    oom_killed: bool = False
    restarts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    ports: dict[int, int] = field(default_factory=dict)
    lines: list[LogLine] = field(default_factory=list)

    @property
    def volumes(self) -> set[str]:
        return {mount.source for mount in self.spec.mounts} if self.spec else set()

    def seen(self) -> ObservedInstance:
        return ObservedInstance(
            engine_id=self.engine_id,
            name=self.name,
            state=self.state,
            instance_id=self.labels.get(LABEL_INSTANCE, ""),
            service_id=self.labels.get(LABEL_SERVICE, ""),
            generation=int(self.labels.get(LABEL_GENERATION, "0")),
            replica=int(self.labels.get(LABEL_REPLICA, "0")),
            fence=int(self.labels.get(LABEL_FENCE, "0")),
            exit_code=None if self.state in ALIVE else self.exit_code,
            oom_killed=self.oom_killed,
            restarts=self.restarts,
            started_at=self.started_at,
            finished_at=self.finished_at,
            address=self.address,
            ports=dict(self.ports),
        )


class FakeEngine:
    """Thread-safe; each method is one call of a real engine, all or nothing."""

    def __init__(self) -> None:
        self.networks: dict[str, tuple[Network, Mapping[str, str]]] = {}
        self.volumes: dict[str, Mapping[str, str]] = {}
        self.missing_images: set[str] = set()
        self.images: dict[str, EngineImage] = {}
        self._lock = threading.RLock()
        self._boxes: dict[str, Box] = {}
        self._watchers: list[tuple[str, queue.Queue[EngineEvent]]] = []
        self.deaf = False

    def boxes(self) -> list[Box]:
        with self._lock:
            return list(self._boxes.values())

    def find(self, engine_id: str) -> Box:
        with self._lock:
            try:
                return self._boxes[engine_id]
            except KeyError:
                message = f"No such container: {engine_id}"
                raise EngineNotFoundError(message) from None

    def named(self, name: str) -> Box | None:
        return next((box for box in self.boxes() if box.name == name), None)

    def at(self, address: str) -> Box | None:
        return next((box for box in self.boxes() if address and box.address == address), None)

    def rejoin(self, box: Box, spec: ServiceSpec) -> None:
        """Back into the network that it was taken out of; nothing where it is in it."""
        with self._lock:
            if not box.address:
                box.address = self._free_address(spec, box.wanted_address)
                box.names = set(spec.aliases)

    def resolve(self, name: str, *, network: str) -> set[str]:
        """The addresses that a name leads to inside a network."""
        return {
            box.address
            for box in self.boxes()
            if box.spec and box.spec.network.name == network and name in box.names and box.address
        }

    def create(self, spec: ServiceSpec, slot: Slot, *, fence_token: int) -> Box:
        labels = dict(spec.labels) | {
            LABEL_SERVICE: spec.service_id,
            LABEL_RELEASE: str(spec.release),
            LABEL_GENERATION: str(spec.generation),
            LABEL_REPLICA: str(slot.replica),
            LABEL_INSTANCE: slot.instance_id,
            LABEL_FENCE: str(fence_token),
        }
        if spec.image in self.missing_images:
            message = f"No such image: {spec.image}"
            raise EngineNotFoundError(message, code="engine.image_missing")
        box = self.add(slot.name, labels, spec=spec, wanted_address=slot.address)
        box.names = set(spec.aliases)
        return box

    def add(
        self,
        name: str,
        labels: Mapping[str, str],
        *,
        spec: ServiceSpec | None = None,
        wanted_address: str = "",
    ) -> Box:
        with self._lock:
            if self.named(name):
                message = f"The name {name} is already in use."
                raise EngineError(message, code="engine.name_taken")
            box = Box(secrets.token_hex(32), name, labels, spec, wanted_address)
            self._boxes[box.engine_id] = box
            self.publish("create", box)
            return box

    def add_image(
        self, refs: Sequence[str], labels: Mapping[str, str], *, size_bytes: int
    ) -> EngineImage:
        image = EngineImage(
            f"sha256:{secrets.token_hex(32)}", tuple(refs), size_bytes, dict(labels)
        )
        self.images[image.engine_id] = image
        return image

    def image(self, name: str) -> EngineImage | None:
        return next((image for image in self.images.values() if name in image.names), None)

    def image_names(self, repository: str) -> list[str]:
        every = [ref for image in self.images.values() for ref in image.refs]
        return [ref for ref in every if ref.startswith(f"{repository}:")]

    def tag(self, engine_id: str, name: str) -> None:
        """A name that another image has moves to this one."""
        if engine_id not in self.images:
            message = f"No such image: {engine_id}"
            raise EngineNotFoundError(message, code="engine.image_missing")
        for image in list(self.images.values()):
            refs = tuple(ref for ref in image.refs if ref != name)
            refs += (name,) if image.engine_id == engine_id else ()
            self.images[image.engine_id] = replace(image, refs=refs)
        self.missing_images.discard(name)

    def untag(self, name: str, engine_id: str) -> None:
        """The image goes with its last name, unless a container needs it."""
        image = self.images.get(engine_id) or EngineImage(engine_id, (name,))
        refs = tuple(ref for ref in image.refs if ref != name)
        if not refs:
            used = {box.spec.image for box in self.boxes() if box.spec}
            if image.names & used:
                message = f"conflict: {name} is being used by a container"
                raise EngineError(message, code="engine.image_in_use")
            self.images.pop(engine_id, None)
            self.missing_images.add(engine_id)
        else:
            self.images[engine_id] = replace(image, refs=refs)
        self.missing_images.add(name)

    def start(self, box: Box) -> None:
        with self._lock:
            self.find(box.engine_id)
            if box.state in ALIVE:
                box.state = State.RUNNING
                return
            if box.spec is not None:
                box.ports = self._free_ports(box.spec)
                box.address = self._free_address(box.spec, box.wanted_address)
            box.state = State.RUNNING
            box.started_at = datetime.now(UTC)
            self.publish("start", box)

    def end(self, box: Box, *, exit_code: int, oom: bool = False) -> None:
        """The process ends; the engine brings a promoted one back at once."""
        with self._lock:
            self._end(box, exit_code=exit_code, oom=oom)
            if box.promoted:
                box.restarts += 1
                self.start(box)

    def stop(self, box: Box) -> None:
        """On purpose, so no restart policy applies."""
        with self._lock:
            if box.state in ALIVE:
                self.publish("kill", box)
                self._end(box, exit_code=143)
                self.publish("stop", box)

    def pause(self, box: Box) -> None:
        with self._lock:
            if box.state is State.RUNNING:
                box.state = State.PAUSED
                self.publish("pause", box)

    def resume(self, box: Box) -> None:
        with self._lock:
            if box.state is State.PAUSED:
                box.state = State.RUNNING
                self.publish("unpause", box)

    def destroy(self, box: Box) -> None:
        with self._lock:
            if box.state in ALIVE:
                self.publish("kill", box)
                self._end(box, exit_code=137)
            if self._boxes.pop(box.engine_id, None):
                self.publish("destroy", box)

    def publish(self, kind: str, box: Box, *, exit_code: int | None = None) -> None:
        event = EngineEvent(
            kind=kind,
            engine_id=box.engine_id,
            service_id=box.labels.get(LABEL_SERVICE, ""),
            instance_id=box.labels.get(LABEL_INSTANCE, ""),
            exit_code=exit_code,
            at=time.time(),
        )
        self._deliver(event, install=box.labels.get(LABEL_INSTALL, ""))

    def publish_gap(self) -> None:
        with self._lock:
            for install, _ in self._watchers:
                self._deliver(EngineEvent(kind="gap", gap=True, at=time.time()), install=install)

    @contextmanager
    def watched(self, install: str) -> Iterator[queue.Queue[EngineEvent]]:
        inbox: queue.Queue[EngineEvent] = queue.Queue()
        watcher = (install, inbox)
        with self._lock:
            self._watchers.append(watcher)
        try:
            yield inbox
        finally:
            with self._lock:
                self._watchers.remove(watcher)

    def _deliver(self, event: EngineEvent, *, install: str) -> None:
        with self._lock:
            inboxes = [inbox for name, inbox in self._watchers if name == install]
        for inbox in inboxes if not self.deaf else []:
            inbox.put(event)

    def _end(self, box: Box, *, exit_code: int, oom: bool = False) -> None:
        box.state = State.EXITED
        box.exit_code = exit_code
        box.oom_killed = oom
        box.finished_at = datetime.now(UTC)
        box.address = ""
        box.ports = {}
        if oom:
            self.publish("oom", box)
        self.publish("die", box, exit_code=exit_code)

    def _free_ports(self, spec: ServiceSpec) -> dict[int, int]:
        taken = {port for box in self.boxes() for port in box.ports.values()}
        given: dict[int, int] = {}
        for port in spec.ports:
            if port.host_port in taken:
                message = f"Port {port.host_port} is already allocated."
                raise EngineError(message, code="engine.port_taken")
            free = (one for one in itertools.count(FIRST_FREE_PORT) if one not in taken)
            given[port.container_port] = port.host_port or next(free)
            taken.add(given[port.container_port])
        return given

    def _free_address(self, spec: ServiceSpec, wanted: str) -> str:
        if spec.network.name not in self.networks:
            message = f"Network {spec.network.name} not found."
            raise EngineNotFoundError(message)
        taken = {box.address for box in self.boxes()}
        if wanted and wanted in taken:
            message = f"Address {wanted} is already in use."
            raise AddressTakenError(message)
        # The first one is the gateway's.
        hosts = itertools.islice(ipaddress.ip_network(spec.network.subnet).hosts(), 1, None)
        return wanted or next(str(host) for host in hosts if str(host) not in taken)
