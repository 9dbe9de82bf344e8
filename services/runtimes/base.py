"""The seam between Kyozo and a container engine: one Protocol, plain data in, plain data out.

A runtime speaks of *services*, not containers, so that an engine which can schedule is allowed to.
It keeps no state of its own, knows no Django, and lets no exception of its SDK out: everything it
raises is a `services.errors.EngineError`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

LABEL_INSTALL = "dev.kyozo.install"
LABEL_TEAM = "dev.kyozo.team"
LABEL_WORKSPACE = "dev.kyozo.workspace"
LABEL_SERVICE = "dev.kyozo.service"
LABEL_RELEASE = "dev.kyozo.release"
LABEL_GENERATION = "dev.kyozo.generation"
LABEL_REPLICA = "dev.kyozo.replica"
LABEL_INSTANCE = "dev.kyozo.instance"
LABEL_FENCE = "dev.kyozo.fence"
LABEL_SPEC = "dev.kyozo.spec"
LABEL_CONTENT = "dev.kyozo.content"
LABEL_ONCE = "dev.kyozo.once"  # a one-off command's container; the value is when it must be over


class State(StrEnum):
    """What the engine says of one instance. `missing` is ours: the engine knows no such object."""

    CREATED = "created"
    RUNNING = "running"
    RESTARTING = "restarting"
    EXITED = "exited"
    PAUSED = "paused"
    DEAD = "dead"
    MISSING = "missing"
    UNKNOWN = "unknown"


class Fence(Protocol):
    """Proof that the caller still holds the service (design: claims and fences)."""

    @property
    def token(self) -> int: ...

    def check(self) -> None:
        """Raise `FenceLostError` unless the claim stands and outlasts one engine call."""


@dataclass(frozen=True, slots=True)
class Caps:
    """What this engine can do. `direct_addresses`: we reach instances by their own address."""

    replicas: bool = True
    rolling: bool = False
    multi_node: bool = False
    exec: bool = True
    volumes: bool = True
    direct_addresses: bool = True


@dataclass(frozen=True, slots=True)
class EngineInfo:
    version: str
    api_version: str
    platform: str  # for example linux/amd64
    name: str = ""


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A raw port that the engine itself publishes. `host_port` 0 lets the engine choose."""

    container_port: int
    host_port: int
    protocol: str = "tcp"
    host_ip: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Mount:
    """`source` is the engine's volume name for type volume, empty for tmpfs."""

    target: str
    source: str = ""
    mode: str = "rw"
    type: str = "volume"


@dataclass(frozen=True, slots=True)
class Limits:
    memory_mb: int = 512
    cpu_cores: float = 1.0
    cpu_shares: int | None = None
    swap_mb: int = 0
    pids: int = 512
    ulimits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Network:
    """A team's network. `name` is the engine's name for it."""

    name: str
    subnet: str
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """One wanted instance: its deterministic name, replica number and fixed address ("" = any)."""

    instance_id: str
    name: str
    replica: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """Everything an engine must know to run `slots` of one release. `labels` go on every object."""

    service_id: str
    release: int
    generation: int
    image: str
    slots: tuple[Slot, ...]
    labels: Mapping[str, str]
    network: Network
    aliases: tuple[str, ...] = ()
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[PublishedPort, ...] = ()
    mounts: tuple[Mount, ...] = ()
    limits: Limits = Limits()
    generated_image: bool = (
        True  # ours runs without capabilities; a person's own gets the usual few
    )
    stop_grace_s: int = 10


@dataclass(frozen=True, slots=True)
class Selector:
    """Which instances to look at. Empty fields do not narrow; our install label always does."""

    install: str
    service_id: str = ""
    team_id: str = ""


@dataclass(frozen=True, slots=True)
class ObservedInstance:
    """One container (task, pod) as the engine shows it now; `labels` are ours only."""

    engine_id: str
    name: str
    state: State
    instance_id: str = ""
    service_id: str = ""
    generation: int = 0
    replica: int = 0
    fence: int = 0
    node: str = ""
    health: str = "unknown"
    exit_code: int | None = None
    oom_killed: bool = False
    restarts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    address: str = ""
    ports: Mapping[int, int] = field(default_factory=dict)  # container port -> published host port


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """`kind`: start die stop oom destroy kill rename ..., or `lost`: the engine cannot be reached;
    `gap`: some may be lost, list again."""

    kind: str
    engine_id: str = ""
    service_id: str = ""
    instance_id: str = ""
    exit_code: int | None = None
    at: float = 0.0
    gap: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    at: str  # RFC 3339 with nanoseconds, as the engine writes it
    stream: str  # stdout or stderr
    text: str


@dataclass(frozen=True, slots=True)
class Stats:
    cpu_percent: float
    memory_bytes: int
    memory_limit_bytes: int
    network_rx_bytes: int
    network_tx_bytes: int
    disk_read_bytes: int
    disk_write_bytes: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RunResult:
    exit_code: int
    output: str
    oom_killed: bool = False


@dataclass(frozen=True, slots=True)
class EngineImage:
    """An image that the engine has; without `refs` it is one that was built anew since.

    `platform` and `triggers`, the ONBUILD lines that builds upon it run, are known of one image
    that was asked for, not in lists.
    """

    engine_id: str
    refs: tuple[str, ...] = ()
    size_bytes: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""
    triggers: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All that a release may call it by."""
        return frozenset({self.engine_id, *self.refs})


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that the engine keeps its data on. What only root may write counts as used."""

    path: str
    used_bytes: int
    free_bytes: int

    @property
    def used_percent(self) -> float:
        return 100 * self.used_bytes / max(1, self.used_bytes + self.free_bytes)

    def is_beyond(self, *, percent: float, free_mb: int) -> bool:
        """More than that is used, or less than that is free."""
        return self.used_percent > percent or self.free_bytes < free_mb * 1024 * 1024

    def __str__(self) -> str:
        free_gib = self.free_bytes / 1024**3
        return f"{self.used_percent:.0f} % used, {free_gib:.1f} GiB free at {self.path}"


class Runtime(Protocol):
    """What every engine driver offers; tests/runtimes/test_contract.py is its meaning in full."""

    name: str

    def caps(self) -> Caps: ...

    def info(self) -> EngineInfo:
        """Version and platform, or `EngineUnreachableError`. Cheap enough for a health check."""

    def apply(self, spec: ServiceSpec, *, fence: Fence) -> list[ObservedInstance]:
        """Make every slot exist and run; what runs already is left alone. Repeatable.

        An object of the same name that is ours but of another instance id, or that was left behind
        created-but-dead, is replaced; a foreign one is an `EngineError` `engine.name_taken`.
        New instances get no restart policy: `promote` gives it once they passed their gate.
        """

    def promote(self, engine_id: str, *, fence: Fence) -> None:
        """Let the engine bring the instance back after a crash or a reboot (unless-stopped)."""

    def demote(self, engine_id: str, *, fence: Fence) -> None:
        """The other way round: what ends from now on stays ended. One restart that the engine has
        begun already may still come."""

    def set_names(
        self, engine_id: str, network: str, *, address: str, names: Sequence[str], fence: Fence
    ) -> None:
        """Let exactly these names lead to an instance inside its network, where it keeps its
        address. Connections to and from it live on and wait for a moment; so do its processes, if
        the engine can pause them."""

    def start(self, engine_id: str, *, fence: Fence) -> None:
        """Start an instance that exists but is stopped."""

    def resume(self, engine_id: str, *, fence: Fence) -> None:
        """Let a paused one go on, the same process. Harmless when it runs or is gone."""

    def stop(self, engine_id: str, *, grace_s: int, fence: Fence) -> None:
        """SIGTERM, `grace_s` seconds, SIGKILL. Harmless when stopped or gone."""

    def remove(self, engine_id: str, *, fence: Fence) -> None:
        """Remove one instance by its engine id, never a volume of it. Harmless when gone."""

    def observe(self, selector: Selector) -> list[ObservedInstance]:
        """All matching instances in one list call; inspects only what a list cannot tell."""

    def watch(self, *, install: str, stopped: Callable[[], bool]) -> Iterator[EngineEvent]:
        """Events as they happen, at least once; a `gap` first and after each loss. `lost` comes
        once for each time the engine is away, and is not promised."""

    def run_once(self, spec: ServiceSpec, *, argv: Sequence[str], timeout_s: float) -> RunResult:
        """A fresh container of the spec's image that runs `argv` to its end and is removed."""

    def exec(self, engine_id: str, argv: Sequence[str], *, timeout_s: float) -> RunResult: ...

    def logs(
        self,
        engine_id: str,
        *,
        tail: int | None = 100,
        since: str = "",
        follow: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[LogLine]:
        """Log lines, oldest first; `since` is RFC 3339 (inclusive) or empty. Text is hostile.

        With `follow` it goes on until the instance ends, the stream is lost or `stopped` is true.
        """

    def stats(self, engine_ids: Sequence[str]) -> dict[str, Stats]:
        """Current use per instance; instances that are gone are left out."""

    def connections(self, address: str, port: int) -> int | None:
        """Established TCP connections to an instance's port, None where that cannot be known."""

    def listening(self, engine_id: str) -> list[tuple[str, int]] | None:
        """Addresses and ports an instance accepts TCP on, None where that cannot be known."""

    def ensure_network(self, network: Network, *, labels: Mapping[str, str]) -> Network:
        """Create or find; one that is found keeps its subnet, so use the one that is returned.
        Code `engine.network_clash` when the subnet is in use by others."""

    def remove_network(self, name: str) -> None: ...

    def ensure_volume(self, name: str, *, labels: Mapping[str, str]) -> None: ...

    def remove_volume(self, name: str, *, install: str, fence: Fence) -> None:
        """Data goes with it, so only because a person said so. Harmless when gone; what is not of
        this install is `engine.foreign`, what a container has is `engine.volume_in_use`."""

    def image_volumes(self, ref: str) -> tuple[str, ...]:
        """Where an image says that it keeps data (its VOLUME lines); empty when it is not here."""

    def image_id(self, ref: str) -> str | None:
        """The engine's id of an image by its name or its whole id, never by the beginning of one;
        None when it has none of that name."""

    def image(self, ref: str) -> EngineImage | None:
        """An image by its name or its whole id."""

    def images(self, *, install: str) -> list[EngineImage]:
        """All images with our label, those without a name included."""

    def image_names(self, repository: str) -> list[str]:
        """All names that images have in it, as `repository:tag`."""

    def tag_image(self, engine_id: str, name: str) -> None:
        """Give an image one more name; `EngineNotFoundError` when it is not here."""

    def remove_image(self, name: str, *, engine_id: str, fence: Fence) -> None:
        """Take a name (or, where it has none, its id) off an image; it goes with the last one.

        Harmless when it is gone or now means another image than `engine_id`; never by force: what
        is in use is an `EngineError` `engine.image_in_use`.
        """

    def trim_build_cache(self, *, keep_bytes: int) -> int:
        """Bytes freed. The cache is shared and has no labels: only for an engine that is ours."""

    def disk(self) -> Disk | None:
        """None where the engine's disk cannot be looked at from here."""
