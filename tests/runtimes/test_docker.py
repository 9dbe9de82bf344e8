"""Wire details of the Docker driver, seen on a real engine."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.errors import EngineError, FenceLostError
from services.runtimes import docker_network
from services.runtimes.base import (
    LABEL_FENCE,
    LABEL_INSTALL,
    LABEL_ONCE,
    Limits,
    Mount,
    Network,
    ObservedInstance,
    State,
)
from services.runtimes.docker_run import sweep
from tests.runtimes.waiting import only, until, until_state
from tests.runtimes.worlds import DockerWorld, StubFence

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]
ECHO_SERVER = ("sh", "-c", "exec nc -ll -p 8000 -e cat")


def up(world: DockerWorld, **changes: Any) -> ObservedInstance:
    (instance,) = world.runtime.apply(world.spec(**changes), fence=StubFence())
    return instance


def test_an_instance_of_ours_has_no_powers(docker_world: DockerWorld) -> None:
    engine_id = up(docker_world, limits=Limits(memory_mb=64, cpu_cores=64, pids=50)).engine_id

    seen = docker_world.inspect(engine_id)
    host = seen["HostConfig"]

    assert (host["CapDrop"], host["CapAdd"], host["Privileged"]) == (["ALL"], [], False)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert (host["Init"], host["Binds"], host["RestartPolicy"]["Name"]) == (True, None, "no")
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert (host["Memory"], host["MemorySwap"]) == (64 * 1024**2, 64 * 1024**2)
    assert (host["PidsLimit"], host["CpuQuota"]) == (50, 6_400_000)
    assert seen["Config"]["Labels"][LABEL_FENCE] == "7"


def test_the_kernel_agrees_that_it_has_no_powers(docker_world: DockerWorld) -> None:
    engine_id = up(docker_world).engine_id

    status = docker_world.runtime.exec(engine_id, ["cat", "/proc/1/status"], timeout_s=30).output

    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


def test_a_foreign_image_gets_the_usual_few_capabilities(docker_world: DockerWorld) -> None:
    engine_id = up(docker_world, generated_image=False).engine_id

    added = docker_world.inspect(engine_id)["HostConfig"]["CapAdd"]

    assert {name.removeprefix("CAP_") for name in added} == {
        "NET_BIND_SERVICE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "SETGID",
        "SETUID",
        "KILL",
    }


def test_promotion_only_sets_the_restart_policy(docker_world: DockerWorld) -> None:
    instance = up(docker_world)

    docker_world.runtime.promote(instance.engine_id, fence=StubFence())

    host = docker_world.inspect(instance.engine_id)["HostConfig"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert only(docker_world).started_at == instance.started_at


def test_aliases_resolve_inside_the_network(docker_world: DockerWorld) -> None:
    up(docker_world, aliases=("web",))

    asked = docker_world.runtime.run_once(
        docker_world.spec(), argv=["busybox", "nslookup", "web"], timeout_s=30
    )

    assert docker_world.address() in asked.output


def test_volumes_are_labelled_and_survive_their_instance(docker_world: DockerWorld) -> None:
    name = f"{docker_world.install}-data"
    mounts = (Mount("/data", source=name), Mount("/scratch", type="tmpfs"))
    instance = up(docker_world, mounts=mounts)

    docker_world.runtime.remove(instance.engine_id, fence=StubFence())

    volume = docker_world.client.inspect_volume(name)
    assert volume["Labels"][LABEL_INSTALL] == docker_world.install


def test_a_crash_between_create_and_start_is_taken_up_after_the_network_went(
    docker_world: DockerWorld,
) -> None:
    """The network was made anew: the old container knows only the id of the old one."""
    world = docker_world
    with pytest.raises(FenceLostError):
        world.runtime.apply(world.spec(), fence=StubFence(left=1))
    world.runtime.remove_network(world.network.name)
    world.runtime.ensure_network(world.network, labels=world.labels)

    assert up(world).address == world.address()


def test_an_instance_taken_out_of_its_network_is_put_back(docker_world: DockerWorld) -> None:
    world = docker_world
    first = up(world)
    world.client.disconnect_container_from_network(first.engine_id, world.network.name)

    again = up(world)

    assert (again.engine_id, again.address) == (first.engine_id, world.address())


def test_a_paused_instance_goes_on(docker_world: DockerWorld) -> None:
    first = up(docker_world)
    docker_world.client.pause(first.engine_id)
    assert only(docker_world).state is State.PAUSED

    again = up(docker_world)

    assert (again.engine_id, again.state) == (first.engine_id, State.RUNNING)


def test_a_restart_by_hand_between_two_looks_is_noticed(docker_world: DockerWorld) -> None:
    first = up(docker_world)
    docker_world.client.restart(first.engine_id, timeout=0)

    again = only(docker_world)

    assert (again.started_at or first.started_at) != first.started_at


def test_running_out_of_memory_is_told(docker_world: DockerWorld) -> None:
    hog = ("sh", "-c", "sleep 0.3; exec dd if=/dev/zero of=/dev/null bs=200M")
    up(docker_world, command=hog, limits=Limits(memory_mb=16))

    ended = until_state(docker_world, State.EXITED)

    assert (ended.exit_code, ended.oom_killed) == (137, True)


def test_both_streams_are_told_apart_and_hostile_bytes_are_text(docker_world: DockerWorld) -> None:
    program = "printf 'a\\377\\000\\033[31mb\\n'; echo oops >&2"
    up(docker_world, command=("sh", "-c", program))
    engine_id = until_state(docker_world, State.EXITED).engine_id

    lines = {line.stream: line.text for line in docker_world.runtime.logs(engine_id)}

    assert lines == {"stdout": "a\ufffd\ufffd\x1b[31mb", "stderr": "oops"}


def test_an_entrypoint_takes_the_place_of_that_of_the_image(docker_world: DockerWorld) -> None:
    up(docker_world, entrypoint=("echo", "from"), command=("here",))
    engine_id = until_state(docker_world, State.EXITED).engine_id

    assert docker_world.inspect(engine_id)["Config"]["Entrypoint"] == ["echo", "from"]
    assert [line.text for line in docker_world.runtime.logs(engine_id)] == ["from here"]


def test_a_long_line_is_one_line_and_cut(docker_world: DockerWorld) -> None:
    program = "yes | dd bs=1000 count=50 2>/dev/null | tr -d '\\n'; echo; echo after"
    up(docker_world, command=("sh", "-c", program.replace("tr", "busybox tr")))
    engine_id = until_state(docker_world, State.EXITED).engine_id

    first, second = docker_world.runtime.logs(engine_id, tail=None)

    assert (len(first.text), first.text[-6:]) == (16 * 1024 + 6, " [cut]")
    assert second.text == "after"


def test_a_log_is_followed_as_it_grows(docker_world: DockerWorld) -> None:
    program = "for i in 1 2 3; do echo $i; sleep 0.2; done"
    engine_id = up(docker_world, command=("sh", "-c", program)).engine_id

    followed = [line.text for line in docker_world.runtime.logs(engine_id, follow=True)]

    assert followed == ["1", "2", "3"]


def test_a_silent_log_can_be_left(docker_world: DockerWorld) -> None:
    engine_id = up(docker_world).engine_id
    until_s = time.monotonic() + 0.5

    lines = docker_world.runtime.logs(
        engine_id, follow=True, stopped=lambda: time.monotonic() > until_s
    )

    assert list(lines) == []
    assert time.monotonic() - until_s < 20


@pytest.mark.allow_hosts(["127.0.0.1", "10.222.0.0/16"])
def test_connections_and_listeners_are_counted_in_the_instance(docker_world: DockerWorld) -> None:
    runtime = docker_world.runtime
    instance = up(docker_world, command=ECHO_SERVER)
    until(lambda: bool(runtime.listening(instance.engine_id)))

    assert {port for _, port in runtime.listening(instance.engine_id) or []} == {8000}
    with socket.create_connection((instance.address, 8000)):
        until(lambda: runtime.connections(instance.address, 8000) == 1)
        assert runtime.connections(instance.address, 8001) == 0
    until(lambda: runtime.connections(instance.address, 8000) == 0)


def test_cpu_is_measured_between_two_looks(docker_world: DockerWorld) -> None:
    engine_id = up(docker_world, command=("sh", "-c", "while :; do :; done")).engine_id
    docker_world.runtime.stats([engine_id])
    time.sleep(0.6)

    busy = docker_world.runtime.stats([engine_id])[engine_id]

    assert busy.cpu_percent > 10
    assert busy.memory_limit_bytes == 512 * 1024**2


def test_the_engine_is_asked_where_we_may_not_read_its_files(docker_world: DockerWorld) -> None:
    engine_id = up(docker_world).engine_id
    read = docker_world.runtime.stats([engine_id])[engine_id]
    docker_world.runtime._host = None

    asked = docker_world.runtime.stats([engine_id])[engine_id]

    assert asked.memory_limit_bytes == read.memory_limit_bytes
    assert abs(asked.memory_bytes - read.memory_bytes) < 1024**2
    assert docker_world.runtime.connections(docker_world.address(), 80) is None
    assert docker_world.runtime.listening(engine_id) is None


def test_a_command_that_is_given_up_is_ended(docker_world: DockerWorld) -> None:
    engine_id = up(docker_world).engine_id

    with pytest.raises(EngineError) as caught:
        docker_world.runtime.exec(engine_id, ["sh", "-c", "echo on; sleep 77"], timeout_s=5)

    assert caught.value.params["output"] == "on"
    until(lambda: "sh -c" not in processes(docker_world, engine_id))


def processes(world: DockerWorld, engine_id: str) -> str:
    return world.runtime.exec(engine_id, ["ps"], timeout_s=30).output


def test_what_a_crash_of_ours_left_of_a_command_goes_with_the_next(
    docker_world: DockerWorld,
) -> None:
    labels = {**docker_world.labels, LABEL_ONCE: "1"}
    body = {"Image": docker_world.image, "Cmd": ["sleep", "600"], "Labels": labels}
    created = docker_world.client.create_container_from_config(body)  # type: ignore[no-untyped-call]

    sweep(docker_world.runtime._engine, docker_world.install)

    assert not docker_world.exists(created["Id"])


def test_an_image_cannot_make_its_container_another_one(docker_world: DockerWorld) -> None:
    compose = {"com.docker.compose.project": "kyozo", "com.docker.compose.service": "postgres"}
    name = f"{docker_world.install}-hostile:1"
    docker_world.add_image(name, labels=compose | {LABEL_ONCE: "1"})

    engine_id = up(docker_world, image=name).engine_id
    sweep(docker_world.runtime._engine, docker_world.install)

    filters = {"label": [f"{key}={value}" for key, value in compose.items()]}
    assert docker_world.client.containers(all=True, filters=filters) == []
    seen = docker_world.runtime.observe(docker_world.everything)
    assert [one.engine_id for one in seen] == [engine_id]


def test_a_foreign_network_is_neither_used_nor_removed(docker_world: DockerWorld) -> None:
    name = f"{docker_world.install}-foreign"
    network_id = docker_world.client.create_network(name)["Id"]
    try:
        with pytest.raises(EngineError) as used:
            docker_world.runtime.ensure_network(
                Network(name, "10.221.0.0/24"), labels=docker_world.labels
            )
        with pytest.raises(EngineError) as removed:
            docker_world.runtime.remove_network(name)
    finally:
        docker_world.client.remove_network(network_id)

    assert {used.value.error_code, removed.value.error_code} == {"engine.name_taken"}


def test_a_subnet_that_a_killed_engine_left_a_bridge_for_is_not_used(
    docker_world: DockerWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = tmp_path / "route"
    table.write_text("br-left\t0000DD0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n")
    monkeypatch.setattr(docker_network, "ROUTES", table)

    with pytest.raises(EngineError, match="through the interface br-left") as caught:
        docker_world.runtime.ensure_network(
            Network(f"{docker_world.install}-second", "10.221.0.0/24"), labels=docker_world.labels
        )

    assert caught.value.error_code == "engine.network_clash"


def test_a_network_in_use_is_not_removed(docker_world: DockerWorld) -> None:
    up(docker_world)

    with pytest.raises(EngineError) as caught:
        docker_world.runtime.remove_network(docker_world.network.name)

    assert caught.value.error_code == "engine.network_in_use"


def test_our_twin_of_a_network_is_removed_and_the_older_one_kept(
    docker_world: DockerWorld,
) -> None:
    world = docker_world
    twin = world.client.create_network(
        world.network.name, labels=world.labels, check_duplicate=False
    )

    world.runtime.ensure_network(world.network, labels=world.labels)

    left = world.client.networks(names=[world.network.name])
    assert [one["Id"] == twin["Id"] for one in left] == [False]


def test_two_workers_who_start_the_same_slot_make_one_instance(docker_world: DockerWorld) -> None:
    """The second one creates while the first is between its look and its create."""

    class Racing(StubFence):
        def check(self) -> None:
            if not raced:
                raced.append(up(docker_world).engine_id)

    raced: list[str] = []
    (instance,) = docker_world.runtime.apply(docker_world.spec(), fence=Racing())

    assert instance.engine_id == raced[0]
    assert only(docker_world).state is State.RUNNING


def test_a_lost_fence_leaves_a_leftover_of_another_instance_alone(
    docker_world: DockerWorld,
) -> None:
    old = up(docker_world)
    slot = replace(docker_world.slot(), instance_id="instance-new")

    with pytest.raises(FenceLostError):
        docker_world.runtime.apply(docker_world.spec(slot), fence=StubFence(left=0))

    assert only(docker_world).engine_id == old.engine_id


def test_many_threads_share_one_engine(docker_world: DockerWorld) -> None:
    """Docker's own client closes connections under busy threads once they ask for many things."""
    engine_id = up(docker_world).engine_id
    asked = [f"kyozo-test/none:{number}" for number in range(300)]

    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(docker_world.runtime.image_id, asked))

    assert found == [None] * 300
    assert docker_world.runtime.exec(engine_id, ["true"], timeout_s=30).exit_code == 0
