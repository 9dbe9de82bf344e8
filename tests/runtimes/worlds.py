"""The two worlds of the contract suite: what a test does to an engine behind the driver's back."""

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import docker

from services.errors import FenceLostError
from services.runtimes.base import (
    LABEL_INSTALL,
    LABEL_TEAM,
    Network,
    RunResult,
    Runtime,
    Selector,
    ServiceSpec,
    Slot,
)
from services.runtimes.docker import DockerRuntime
from services.runtimes.fake import FakeRuntime


@dataclass(slots=True)
class StubFence:
    """Stands for `left` more checks, then it is lost."""

    token: int = 7
    left: int = 1_000_000

    def check(self) -> None:
        if self.left <= 0:
            raise FenceLostError("The claim is gone.")
        self.left -= 1


@dataclass(kw_only=True)
class World(ABC):
    """One engine and one install of ours on it, with a network to run in."""

    runtime: Runtime
    image: str
    octet: int
    install: str = field(default_factory=lambda: f"test-{secrets.token_hex(6)}")

    @property
    def labels(self) -> dict[str, str]:
        return {LABEL_INSTALL: self.install, LABEL_TEAM: "team-1"}

    @property
    def network(self) -> Network:
        return Network(f"{self.install}-net", subnet=f"10.222.{self.octet}.0/24")

    @property
    def everything(self) -> Selector:
        return Selector(install=self.install)

    def name(self, replica: int = 0) -> str:
        return f"{self.install}-web-{replica}"

    def address(self, replica: int = 0) -> str:
        return f"10.222.{self.octet}.{10 + replica}"

    def slot(self, replica: int = 0, *, instance_id: str = "") -> Slot:
        return Slot(
            instance_id or f"instance-{replica}",
            self.name(replica),
            replica,
            address=self.address(replica),
        )

    def spec(
        self,
        *slots: Slot,
        command: Sequence[str] = ("sleep", "600"),
        service_id: str = "service-1",
        **changes: Any,
    ) -> ServiceSpec:
        values: dict[str, Any] = {
            "service_id": service_id,
            "release": 1,
            "generation": 3,
            "image": self.image,
            "slots": slots or (self.slot(),),
            "labels": self.labels,
            "network": self.network,
            "command": tuple(command),
            "stop_grace_s": 1,
        }
        return ServiceSpec(**(values | changes))

    @abstractmethod
    def crash(self, engine_id: str) -> None:
        """Its main process is killed with 137."""

    @abstractmethod
    def take_out(self, engine_id: str) -> None:
        """It runs on without its network, as its worker leaves it that dies at the wrong moment."""

    @abstractmethod
    def add_foreign(self, name: str) -> str:
        """The id of a running container that is not of Kyozo."""

    @abstractmethod
    def run_by_hand(self, image_id: str) -> str:
        """The id of a container that somebody runs from an image of ours: it has its labels."""

    @abstractmethod
    def add_image(self, *names: str) -> str:
        """The id of an image with our label and these names."""

    @abstractmethod
    def exists(self, engine_id: str) -> bool: ...

    @abstractmethod
    def resolve(self, name: str, *, asked_by: str) -> set[str]:
        """The addresses that an instance gets for a name."""

    @abstractmethod
    def clean_up(self) -> None: ...


@dataclass(kw_only=True)
class FakeWorld(World):
    runtime: FakeRuntime

    def __post_init__(self) -> None:
        self.runtime.programs["no-such-program"] = RunResult(exit_code=127, output="not found")
        self.runtime.missing_images.add("kyozo-test/missing:1")

    def crash(self, engine_id: str) -> None:
        self.runtime.die(engine_id, exit_code=137)

    def take_out(self, engine_id: str) -> None:
        self.runtime.disconnect(engine_id)

    def add_foreign(self, name: str) -> str:
        return self.runtime.add_foreign(name)

    def run_by_hand(self, image_id: str) -> str:
        box = self.runtime.engine.add("by-hand", self.runtime.engine.images[image_id].labels)
        return box.engine_id

    def add_image(self, *names: str) -> str:
        return self.runtime.add_image(*names, labels=self.labels)

    def exists(self, engine_id: str) -> bool:
        return any(box.engine_id == engine_id for box in self.runtime.engine.boxes())

    def resolve(self, name: str, *, asked_by: str) -> set[str]:
        return self.runtime.engine.resolve(name, network=self.network.name)

    def clean_up(self) -> None:
        self.runtime.close()


@dataclass(kw_only=True)
class DockerWorld(World):
    runtime: DockerRuntime
    client: docker.APIClient
    foreign: list[str] = field(default_factory=list)

    def crash(self, engine_id: str) -> None:
        """From inside: a kill by the engine's API counts as a stop on purpose."""
        command = self.client.exec_create(engine_id, ["sh", "-c", "kill -9 -1; kill -9 1"])
        self.client.exec_start(command["Id"], detach=True)

    def take_out(self, engine_id: str) -> None:
        self.client.disconnect_container_from_network(engine_id, self.network.name)

    def add_foreign(self, name: str) -> str:
        body = {"Image": self.image, "Cmd": ["sleep", "600"]}
        created = self.client.create_container_from_config(body, name)  # type: ignore[no-untyped-call]
        engine_id: str = created["Id"]
        self.foreign.append(engine_id)
        self.client.start(engine_id)
        return engine_id

    def run_by_hand(self, image_id: str) -> str:
        made: str = self.client.create_container(image_id, ["sleep", "600"])["Id"]
        self.foreign.append(made)
        return made

    def add_image(
        self, *names: str, volumes: Sequence[str] = (), labels: Mapping[str, str] | None = None
    ) -> str:
        made = self.client.create_container(self.image, ["true"])["Id"]
        written = self.labels | dict(labels or {})
        changes = [f"LABEL {name}={value}" for name, value in written.items()]
        changes += [f"VOLUME {path}" for path in volumes]
        image_id: str = self.client.commit(made, changes=changes)["Id"]
        self.client.remove_container(made)
        for name in names:
            repository, _, tag = name.partition(":")
            self.client.tag(image_id, repository, tag=tag)
        return image_id

    def exists(self, engine_id: str) -> bool:
        rows = self.client.containers(all=True, filters={"id": engine_id})
        return bool(rows)

    def resolve(self, name: str, *, asked_by: str) -> set[str]:
        return resolve(self.client, name, asked_by=asked_by)

    def inspect(self, engine_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.inspect_container(engine_id)
        return found

    def clean_up(self) -> None:
        ours = {"label": f"{LABEL_INSTALL}={self.install}"}
        rows = self.client.containers(all=True, filters=ours)
        for engine_id in {*(row["Id"] for row in rows), *self.foreign}:
            self.client.remove_container(engine_id, force=True, v=True)
        for image in self.client.images(filters=ours):
            self.client.remove_image(image["Id"], force=True)
        for network in self.client.networks(filters=ours):
            self.client.remove_network(network["Id"])
        for volume in self.client.volumes(filters=ours)["Volumes"] or []:
            self.client.remove_volume(volume["Name"], force=True)
        self.client.close()
        self.runtime.close()


def resolve(client: docker.APIClient, name: str, *, asked_by: str) -> set[str]:
    """What the engine's name server tells a container of the tiny image."""
    command = client.exec_create(asked_by, ["busybox", "nslookup", name])
    said = client.exec_start(command["Id"]).decode()
    _, _, answers = said.partition(f"Name:\t{name}")
    return set(re.findall(r"Address: ([\d.]+)", answers))
