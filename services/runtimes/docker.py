"""The Docker driver: one engine, many instances; its promises are in `base.py`."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import quote

import requests

from services.errors import EngineError, EngineNotFoundError
from services.runtimes import (
    docker_disk,
    docker_events,
    docker_images,
    docker_names,
    docker_network,
    docker_run,
    docker_stats,
    proc_net,
)
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
    Stats,
)
from services.runtimes.cgroups import Host, Usage
from services.runtimes.docker_apply import Launch, remove_container
from services.runtimes.docker_engine import Engine
from services.runtimes.docker_observe import Observations
from services.runtimes.docker_streams import (
    Frame,
    Pump,
    follow_stream,
    frames,
    log_lines,
    unix_time,
)

# A follower of a log that stays silent for so long is let go; its caller asks again.
SILENT_LOG_S = 300.0


class DockerRuntime(Runtime):
    """`base_url` is unix:///path or tcp://host:port; only the former shows addresses."""

    name = "docker"

    def __init__(self, base_url: str, *, timeout_s: float = 10) -> None:
        self._engine = Engine(base_url, timeout_s=timeout_s)
        self._observations = Observations(self._engine)
        self._meter = docker_stats.Meter()
        self._is_local = base_url.startswith("unix://")
        # Only root may look into the processes of containers.
        self._host = Host() if self._is_local and os.geteuid() == 0 else None

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._engine.close()

    def caps(self) -> Caps:
        return Caps(direct_addresses=self._is_local)

    def info(self) -> EngineInfo:
        with self._engine.call("say its version") as client:
            said = client.version()
        return EngineInfo(
            version=said["Version"],
            api_version=said["ApiVersion"],
            platform=f"{said['Os']}/{said['Arch']}",
        )

    def apply(self, spec: ServiceSpec, *, fence: Fence) -> list[ObservedInstance]:
        wanted = {Launch(self._engine, spec, slot, fence).run() for slot in spec.slots}
        for engine_id in wanted:
            self._observations.forget(engine_id)
        selector = Selector(install=spec.labels[LABEL_INSTALL], service_id=spec.service_id)
        return [one for one in self.observe(selector) if one.engine_id in wanted]

    def promote(self, engine_id: str, *, fence: Fence) -> None:
        self._set_restart_policy(engine_id, "unless-stopped", fence)

    def demote(self, engine_id: str, *, fence: Fence) -> None:
        self._set_restart_policy(engine_id, "no", fence)

    def set_names(
        self, engine_id: str, network: str, *, address: str, names: Sequence[str], fence: Fence
    ) -> None:
        self._own(engine_id)
        docker_names.set_names(
            self._engine, engine_id, network, address=address, names=names, fence=fence
        )
        self._observations.forget(engine_id)

    def start(self, engine_id: str, *, fence: Fence) -> None:
        self._own(engine_id)
        fence.check()
        with self._engine.call(f"start container {engine_id[:12]}") as client:
            client.start(engine_id)
        self._observations.forget(engine_id)

    def resume(self, engine_id: str, *, fence: Fence) -> None:
        with suppress(EngineNotFoundError):
            self._own(engine_id)
            fence.check()
            docker_names.resume(self._engine, engine_id)
        self._observations.forget(engine_id)

    def stop(self, engine_id: str, *, grace_s: int, fence: Fence) -> None:
        with suppress(EngineNotFoundError):
            self._own(engine_id)
            fence.check()
            with self._engine.call(f"stop container {engine_id[:12]}") as client:
                client.stop(engine_id, timeout=grace_s)
        self._observations.forget(engine_id)

    def remove(self, engine_id: str, *, fence: Fence) -> None:
        with suppress(EngineNotFoundError):
            self._own(engine_id)
            fence.check()
            remove_container(self._engine, engine_id)
        self._observations.forget(engine_id)

    def observe(self, selector: Selector) -> list[ObservedInstance]:
        # What somebody runs by hand from an image of ours inherits the labels of it, but not this.
        labels = [f"{LABEL_INSTALL}={selector.install}", LABEL_INSTANCE]
        if selector.service_id:
            labels.append(f"{LABEL_SERVICE}={selector.service_id}")
        if selector.team_id:
            labels.append(f"{LABEL_TEAM}={selector.team_id}")
        return self._observations.look(labels)

    def watch(self, *, install: str, stopped: Callable[[], bool]) -> Iterator[EngineEvent]:
        return docker_events.watch(
            self._engine, install=install, stopped=stopped, forget=self._observations.forget
        )

    def run_once(self, spec: ServiceSpec, *, argv: Sequence[str], timeout_s: float) -> RunResult:
        return docker_run.run_once(self._engine, spec, argv=argv, timeout_s=timeout_s)

    def exec(self, engine_id: str, argv: Sequence[str], *, timeout_s: float) -> RunResult:
        return docker_run.execute(
            self._engine, engine_id, argv, timeout_s=timeout_s, host=self._host
        )

    def logs(
        self,
        engine_id: str,
        *,
        tail: int | None = 100,
        since: str = "",
        follow: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[LogLine]:
        params = {
            "stdout": "1",
            "stderr": "1",
            "timestamps": "1",
            "tail": "all" if tail is None else str(tail),
            "follow": "1" if follow else "0",
        }
        if since:
            params["since"] = unix_time(since)
        opened = partial(self._open_log, engine_id, params)
        if follow:
            return self._follow_log(opened, stopped=stopped)
        return self._read_log(opened)

    def stats(self, engine_ids: Sequence[str]) -> dict[str, Stats]:
        usage: dict[str, Usage] = {}
        if self._host is not None:
            for engine_id in engine_ids:
                if found := docker_stats.local_usage(self._host, self._observations, engine_id):
                    usage[engine_id] = found
        left = [engine_id for engine_id in engine_ids if engine_id not in usage]
        usage |= docker_stats.asked_usage(self._engine, left)
        return {engine_id: self._meter.read(engine_id, one) for engine_id, one in usage.items()}

    def connections(self, address: str, port: int) -> int | None:
        tables = self._tables_at(address)
        if tables is None:
            return None
        return sum(proc_net.established(table, address, port) for table in tables)

    def listening(self, engine_id: str) -> list[tuple[str, int]] | None:
        tables = self._tables(engine_id)
        if tables is None:
            return None
        return [found for table in tables for found in proc_net.listeners(table)]

    def ensure_network(self, network: Network, *, labels: Mapping[str, str]) -> Network:
        routes = docker_network.ROUTES if self._is_local else None
        return docker_network.ensure_network(self._engine, network, labels=labels, routes=routes)

    def remove_network(self, name: str) -> None:
        docker_network.remove_network(self._engine, name)

    def ensure_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        docker_network.ensure_volume(self._engine, name, labels=labels)

    def remove_volume(self, name: str, *, install: str, fence: Fence) -> None:
        docker_network.remove_volume(self._engine, name, install=install, fence=fence)

    def image_volumes(self, ref: str) -> tuple[str, ...]:
        return docker_images.volumes(self._engine, ref)

    def image_id(self, ref: str) -> str | None:
        return docker_images.image_id(self._engine, ref)

    def image(self, ref: str) -> EngineImage | None:
        return docker_images.image(self._engine, ref)

    def images(self, *, install: str) -> list[EngineImage]:
        return docker_images.labelled(self._engine, install=install)

    def image_names(self, repository: str) -> list[str]:
        return docker_images.names(self._engine, repository)

    def tag_image(self, engine_id: str, name: str) -> None:
        docker_images.tag(self._engine, engine_id, name)

    def remove_image(self, name: str, *, engine_id: str, fence: Fence) -> None:
        docker_images.remove(self._engine, name, engine_id=engine_id, fence=fence)

    def trim_build_cache(self, *, keep_bytes: int) -> int:
        return docker_images.trim_build_cache(self._engine, keep_bytes=keep_bytes)

    def disk(self) -> Disk | None:
        return docker_disk.look(self._engine) if self._is_local else None

    def _set_restart_policy(self, engine_id: str, name: str, fence: Fence) -> None:
        self._own(engine_id)
        fence.check()
        with self._engine.call("set the restart policy") as client:
            policy: Any = {"Name": name}  # the stub wants a retry count, too
            client.update_container(engine_id, restart_policy=policy)

    def _own(self, engine_id: str) -> None:
        """Refuse to touch a container that does not carry our label, whoever asks."""
        with self._engine.call("inspect a container") as client:
            labels = client.inspect_container(engine_id)["Config"].get("Labels") or {}
        if LABEL_INSTALL not in labels:
            message = f"Container {engine_id[:12]} was not created by Kyozo."
            raise EngineError(
                message,
                code="engine.foreign",
                fix="Use the engine's own command for containers that are not of Kyozo.",
            )

    def _open_log(
        self, engine_id: str, params: Mapping[str, str], *, read_timeout_s: float
    ) -> requests.Response:
        return self._engine.open(
            f"/containers/{quote(engine_id, safe='')}/logs",
            doing="read a log",
            params=params,
            read_timeout_s=read_timeout_s,
        )

    def _read_log(self, opened: Callable[..., requests.Response]) -> Iterator[LogLine]:
        response = opened(read_timeout_s=self._engine.timeout_s)
        with response, self._engine.call("read a log"):
            yield from log_lines(frames(response))

    def _follow_log(
        self, opened: Callable[..., requests.Response], *, stopped: Callable[[], bool]
    ) -> Iterator[LogLine]:
        pump: Pump[Frame] = Pump(partial(opened, read_timeout_s=SILENT_LOG_S), frames)
        try:
            yield from log_lines(follow_stream(pump, stopped=stopped, ping=self._engine.ping))
        except EngineError as exc:
            if exc.error_code != "engine.timeout":
                raise

    def _tables_at(self, address: str) -> list[str] | None:
        """The socket tables of who has the address now; it may be another than we remember."""
        if self._host is None:
            return None
        for _ in range(2):
            engine_id = self._observations.at_address(address)
            if not engine_id:
                return []
            if (tables := self._tables(engine_id)) is not None:
                return tables
            self._observations.forget_address(address)
        return None

    def _tables(self, engine_id: str) -> list[str] | None:
        if self._host is None:
            return None
        for fresh in (False, True):
            pid = self._observations.pid(engine_id, fresh=fresh)
            if pid and self._host.owns(pid, engine_id):
                return self._host.tcp_tables(pid)
        return None
