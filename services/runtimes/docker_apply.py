"""Brings one slot of a service up on a Docker engine, whatever state its name was left in."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from services.errors import EngineError, EngineNotFoundError
from services.runtimes import docker_images, docker_names
from services.runtimes.base import LABEL_INSTALL, LABEL_INSTANCE, Fence, ServiceSpec, Slot
from services.runtimes.docker_engine import Engine
from services.runtimes.docker_errors import UNDECIDED
from services.runtimes.docker_spec import instance_body

# Each round answers one surprise: the name was taken, freed or taken over between two calls.
ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Launch:
    """One slot on its way up. Its name is the engine's test-and-set: only one can create it."""

    engine: Engine
    spec: ServiceSpec
    slot: Slot
    fence: Fence

    def run(self) -> str:
        """The engine id of a container that runs (or has just run and ended)."""
        for _ in range(ROUNDS):
            found = self._find()
            engine_id = self._create() if found is None else self._take_over(found)
            if engine_id:
                return engine_id
        message = f"Container {self.slot.name} kept changing while it was started."
        raise EngineError(
            message,
            code="engine.name_contested",
            fix="Try again; another worker or person changes this container at the same time.",
        )

    def _find(self) -> dict[str, Any] | None:
        """By exact name: an inspect takes the beginning of an id for a name, too."""
        try:
            with self.engine.call(f"look for container {self.slot.name}") as client:
                found: dict[str, Any] = client.inspect_container(self.slot.name)
        except EngineNotFoundError:
            return None
        return found if found["Name"] == f"/{self.slot.name}" else None

    def _create(self) -> str | None:
        """A new container that runs; None when the name was taken meanwhile.

        The fence is asked a second time before the start, for a claim lost between the two calls:
        what is left is a container that never ran and carries the old fence.
        """
        image = docker_images.present(self.engine, self.spec.image)
        self.fence.check()
        body = instance_body(self.spec, self.slot, image=image, fence_token=self.fence.token)
        try:
            engine_id = create_container(self.engine, body, name=self.slot.name)
        except EngineError as exc:
            if exc.error_code == "engine.name_taken":
                return None
            raise
        try:
            self._start(engine_id)
        except EngineError as exc:
            if exc.error_code not in UNDECIDED:  # else it may still start
                self._remove(engine_id)
            raise
        return engine_id

    def _take_over(self, found: Mapping[str, Any]) -> str | None:
        """What has our name already: adopted, replaced (None: look again) or refused."""
        labels: Mapping[str, str] = found["Config"].get("Labels") or {}
        if labels.get(LABEL_INSTALL) != self.spec.labels[LABEL_INSTALL]:
            message = f"A container named {self.slot.name} exists that Kyozo did not create."
            raise EngineError(
                message,
                code="engine.name_taken",
                fix="Remove or rename that container; Kyozo touches nothing it did not create.",
            )
        engine_id: str = found["Id"]
        if labels.get(LABEL_INSTANCE) == self.slot.instance_id and self._revive(found):
            return engine_id
        self._remove(engine_id)
        return None

    def _revive(self, found: Mapping[str, Any]) -> bool:
        """False when it cannot run again: dead, or made for a network that is gone."""
        state = found["State"]["Status"]
        if state in {"dead", "removing"}:
            return False
        try:
            self._rejoin(found)
            if state == "paused":
                self._unpause(found["Id"])
            elif state not in {"running", "restarting"}:
                self._start(found["Id"])
        except EngineNotFoundError:
            return False
        return True

    def _rejoin(self, found: Mapping[str, Any]) -> None:
        """Back into the network that somebody took it out of, or to the address that is its own
        now; its process and what that wrote stay."""
        network = self.spec.network.name
        endpoint = found["NetworkSettings"]["Networks"].get(network)
        if endpoint is not None:
            asked = (endpoint.get("IPAMConfig") or {}).get("IPv4Address", "")
            if self.slot.address in {"", asked}:
                return
            self.fence.check()
            with self.engine.call(f"take {self.slot.name} out of its network") as client:
                client.disconnect_container_from_network(found["Id"], network)
        self.fence.check()
        docker_names.connect(
            self.engine,
            found["Id"],
            network,
            names=self.spec.aliases,
            address=self.slot.address,
        )

    def _start(self, engine_id: str) -> None:
        self.fence.check()
        with self.engine.call(f"start container {self.slot.name}") as client:
            client.start(engine_id)

    def _unpause(self, engine_id: str) -> None:
        self.fence.check()
        with self.engine.call(f"continue container {self.slot.name}") as client:
            client.unpause(engine_id)

    def _remove(self, engine_id: str) -> None:
        self.fence.check()
        remove_container(self.engine, engine_id)


def create_container(engine: Engine, body: Mapping[str, Any], *, name: str) -> str:
    """The engine id of a new container, which does not run yet."""
    with engine.call(f"create container {name}") as client:
        created: dict[str, Any] = client.create_container_from_config(  # type: ignore[no-untyped-call]
            dict(body), name
        )
    return str(created["Id"])


def remove_container(engine: Engine, engine_id: str, *, with_scratch: bool = False) -> None:
    """Never a volume: also a nameless one may hold data. `with_scratch` is for one-off commands,
    whose nameless ones nobody can know. Harmless when gone or going."""
    with suppress(EngineNotFoundError):
        try:
            with engine.call(f"remove container {engine_id[:12]}") as client:
                client.remove_container(engine_id, v=with_scratch, force=True)
        except EngineError as exc:
            if exc.error_code != "engine.removing":
                raise
