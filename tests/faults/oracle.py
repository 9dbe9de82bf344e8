"""What is really there: read from the engine and the database, never from the platform's answers.

Every trouble is a sentence; at rest there is none.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import docker
from django.db.models import Max

from services.models import (
    Build,
    Event,
    Instance,
    Operation,
    OperationStep,
    Phase,
    Rollout,
    Service,
    TeamNetwork,
    WantedState,
)
from services.runtimes.base import LABEL_INSTALL
from tests.faults.installation import SWEEP_S, Installation
from tests.runtimes.busybox import IMAGE

REST_WITHIN_S = 20 * SWEEP_S
NEIGHBOUR = "neighbour"


@dataclass(slots=True)
class Oracle:
    """`neighbours` is what somebody else has on the same engine, by kind."""

    installation: Installation
    client: docker.APIClient
    neighbours: dict[str, str] = field(default_factory=dict)

    def troubles_at_rest(self, *, within_s: float = REST_WITHIN_S) -> list[str]:
        """Those that neither the end of what runs nor the next sweeps take away."""
        deadline = time.monotonic() + within_s
        while (found := list(self.troubles())) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    @property
    def is_at_rest(self) -> bool:
        return not any(self.troubles())

    def troubles(self) -> Iterator[str]:
        yield from self._containers()
        yield from self._services()
        yield from self._unfinished_rows()
        yield from self._events()
        yield from self._networks()
        yield from self._neighbours()

    def containers(self, service: Service | None = None) -> dict[str, str]:
        """Engine id -> state, of everything that carries our label."""
        rows = self.client.containers(all=True, filters={"label": self._label})
        wanted = {*Instance.objects.filter(service=service).values_list("engine_id", flat=True)}
        return {row["Id"]: row["State"] for row in rows if service is None or row["Id"] in wanted}

    def volumes(self) -> list[str]:
        """Their names, of those that carry our label."""
        found = self.client.volumes(filters={"label": self._label})["Volumes"] or []
        return sorted(volume["Name"] for volume in found)

    def add_neighbour(self) -> None:
        """A container, a network and a volume that are nobody's business."""
        self.client.create_volume(NEIGHBOUR)
        self.client.create_network(NEIGHBOUR)
        made = self.client.create_container(
            IMAGE,
            ["/bin/busybox", "sleep", "99999"],
            name=NEIGHBOUR,
            labels={LABEL_INSTALL: "somebody-else"},
            volumes=["/data"],
            host_config=self.client.create_host_config(
                network_mode=NEIGHBOUR,
                binds=[f"{NEIGHBOUR}:/data"],
                restart_policy={"Name": "always"},
            ),
        )
        self.client.start(made["Id"])
        self.neighbours = self._seen_of_neighbours()

    @property
    def _label(self) -> str:
        return f"{LABEL_INSTALL}={self.installation.label}"

    def _containers(self) -> Iterator[str]:
        shown = self.containers()
        rows = Instance.objects.alive()
        wanted = {row.engine_id: row.name for row in rows}
        for engine_id, state in shown.items():
            if engine_id not in wanted:
                yield f"container {engine_id[:12]} ({state}) is of no instance"
            elif state != "running":
                yield f"the container of {wanted[engine_id]} is {state}"
        for engine_id in wanted.keys() - shown.keys():
            yield f"{wanted[engine_id]} has no container"

    def _services(self) -> Iterator[str]:
        for service in Service.objects.all():
            is_running = service.wanted_state == WantedState.RUNNING
            replicas = service.wanted_replicas if is_running else 0
            rows = service.instances.alive().filter(leaving_at=None)
            serving = rows.filter(generation=service.generation, is_gated=True, is_routed=True)
            if not rows.count() == serving.count() == replicas:
                yield f"{service}: {serving.count()} of {rows.count()} serve, {replicas} are wanted"

    def _unfinished_rows(self) -> Iterator[str]:
        unfinished = (
            Operation.objects.open(),
            OperationStep.objects.filter(state="running"),
            Rollout.objects.exclude(phase=Phase.DONE),
            Build.objects.filter(state="running"),
            Instance.objects.alive().exclude(leaving_at=None),
        )
        for rows in unfinished:
            for row in rows:
                yield f"left unfinished: {type(row).__name__} {row}"

    def _events(self) -> Iterator[str]:
        """Numbered from one, without a gap."""
        for team, last in Event.objects.values_list("team").annotate(Max("number")):
            if Event.objects.filter(team=team, number__lte=last).count() != last:
                yield f"of {last} events some are missing"

    def _networks(self) -> Iterator[str]:
        shown = {row["Name"] for row in self.client.networks(filters={"label": self._label})}
        if shown != (wanted := {*TeamNetwork.objects.values_list("name", flat=True)}):
            yield f"networks {sorted(shown ^ wanted)} are there or missing by mistake"
        dangling: dict[str, Any] = {"label": self._label, "dangling": True}
        if images := self.client.images(filters=dangling):
            yield f"{len(images)} images have lost their name"

    def _neighbours(self) -> Iterator[str]:
        seen = self._seen_of_neighbours() if self.neighbours else {}
        for kind, before in self.neighbours.items():
            if seen[kind] != before:
                yield f"somebody else's {kind} is not what it was"

    def _seen_of_neighbours(self) -> dict[str, str]:
        container = self.client.inspect_container(NEIGHBOUR)
        return {
            "container": f"{container['Id']} {container['Created']}",
            "network": str(self.client.inspect_network(NEIGHBOUR)["Id"]),
            "volume": str(self.client.inspect_volume(NEIGHBOUR)["CreatedAt"]),
        }
