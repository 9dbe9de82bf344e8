"""compose.yaml on a real engine: the main job through it, and each part killed and restarted.

One installation for all of them, so each brings services of its own and leaves every part well.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from kyozo.platform import secret_files
from tests.e2e.harness import get
from tests.e2e.server import OF_KYOZO, PARTS, Server, installed
from tests.load import load
from tests.runner import run as runs
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(900),
    pytest.mark.enable_socket,
    pytest.mark.xdist_group("server"),
]

Site = Callable[[str], Path]
IDLE_MB = 400
ENDED_S = 120


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with runs.begin() as run, installed(run) as server:
        yield server


def write(place: Path, text: str) -> None:
    (place / "index.html").write_text(f"{text}\n", encoding="utf-8")


def secrets_of(server: Server) -> set[str]:
    return {word for path in server.secrets.iterdir() for word in path.read_text().split()[-1:]}


def told_in(container: dict[str, Any]) -> set[str]:
    """What everybody may read who may ask the engine for it: settings, arguments and labels."""
    config = container["Config"]
    values = [text.split("=", 1)[-1] for text in config["Env"]]
    return {*values, *config["Cmd"], *config["Labels"].values()}


@dataclass
class Writing:
    """Variables that were set, with their values, as far as that was accepted."""

    accepted: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


@contextmanager
def writing(server: Server, service: str) -> Iterator[Writing]:
    """One variable after the other in a thread of its own."""
    done, stop = Writing(), threading.Event()

    def work() -> None:
        number = 0
        while not stop.wait(0.05):
            number += 1
            name, value = f"N_{number}", str(number)
            try:
                answer = server.call(
                    "PATCH", f"/services/{service}/env", json={"variables": {name: value}}
                )
            except httpx.HTTPError as exc:
                done.refused.append(repr(exc))
                continue
            if answer.status_code == 200:
                done.accepted[name] = value
            else:
                done.refused.append(answer.text)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()


def test_the_parts_are_healthy_small_and_without_rights(server: Server) -> None:
    ready = httpx.get(f"{server.url}/api/v1/health/ready", trust_env=False)

    assert ready.json()["data"] == {
        "status": "ok",
        "database": "ok",
        "engine": "ok",
        "router": "ok",
    }
    for part in PARTS:
        (one,) = server.containers(part)
        sees_engine = any("docker.sock" in mount["Source"] for mount in one["Mounts"])
        assert one["Config"]["User"] in {"10001:10001", "999:999"}, part
        assert sees_engine == (part in {"worker-lifecycle", "worker-builds"}), part
        assert one["HostConfig"]["CapDrop"] == ["ALL"], part
        assert one["HostConfig"]["Memory"] > 0, part
        assert not secrets_of(server) & told_in(one), part
    # Git only recommends the program that it reaches servers by ssh with.
    server.compose("exec", "-T", "worker-builds", "ssh", "-V")
    assert sum(map(server.memory_mb, OF_KYOZO)) <= IDLE_MB


def test_a_folder_is_uploaded_deployed_and_looked_at(server: Server, site: Site) -> None:
    place = site("main-job")

    server.deploy(place)

    assert get(server.address("main-job")).text == "<h1>one</h1>\n"
    assert get(server.address("main-job", "host")).text == "<h1>one</h1>\n"
    logs = server.kyozo("logs", "main-job")
    assert "GET / " in logs.out, logs.said
    write(place, "two")
    server.deploy(place)
    assert get(server.address("main-job")).text == "two\n"
    again = server.deploy(place)
    assert "unchanged" in again.said
    assert get(server.address("main-job")).text == "two\n"
    back = server.kyozo("rollback", "main-job")
    assert back.code == 0, back.said
    assert get(server.address("main-job")).text == "<h1>one</h1>\n"
    cleaned = server.kyozo("clean", "--dry-run")
    assert cleaned.code == 0, cleaned.said


def test_lines_of_the_log_are_json_with_the_requests_id(server: Server) -> None:
    answer = server.call("GET", "/services")

    lines = server.compose("logs", "--no-color", "web").decode().splitlines()
    told = [json.loads(line.split("|", 1)[1]) for line in lines if "| {" in line]
    mine = [line for line in told if line.get("request_id") == answer.headers["X-Request-ID"]]
    assert [line["status"] for line in mine] == [200]


def test_any_part_may_be_killed_while_a_deploy_runs(server: Server, site: Site) -> None:
    steady, place = site("steady"), site("killed")
    server.deploy(steady)
    server.deploy(place)

    for part in PARTS:
        write(place, f"after {part}")
        with load(server.address("steady"), every_s=0.02) as requests:
            operation = server.ask_for_deploy(place)
            server.kill(part)
            ended = server.outcome(operation)
            wait_until(server.is_well, within_s=ENDED_S, what=f"{part} is back", look_every_s=1)

        assert ended == "succeeded", part
        assert get(server.address("killed")).text == f"after {part}\n"
        assert requests.sent > 20
        # What the router serves is away while the router is.
        assert requests.failed == [] or part == "router", (part, requests.failed[:5])
    assert get(server.address("steady")).status_code == 200


def test_no_accepted_request_is_lost_by_restarts(server: Server, site: Site) -> None:
    place = site("accepted")
    server.deploy(place)
    service = server.service("accepted")["id"]

    with (
        load(server.address("accepted"), every_s=0.02) as requests,
        writing(server, service) as written,
    ):
        for part in (*PARTS, "worker-lifecycle"):
            before = len(requests.failed)
            server.compose("restart", "--timeout", "30", part)
            wait_until(server.is_well, within_s=ENDED_S, what=f"{part} is back", look_every_s=1)
            assert len(requests.failed) == before or part == "router", requests.failed[-5:]

    kept = server.insist("GET", f"/services/{service}/env")["variables"]
    assert len(written.accepted) > 50
    assert {name: kept.get(name) for name in written.accepted} == written.accepted


def test_two_workers_of_each_queue_do_everything_once(server: Server, site: Site) -> None:
    places = [site(f"twice-{number}") for number in range(4)]
    for place in places:
        server.deploy(place)
        write(place, f"new {place.name}")
    scale = ("--scale", "worker-lifecycle=2", "--scale", "worker-builds=2", "--no-recreate")
    try:
        server.up(*scale)
        asked = [server.ask_for_deploy(place) for place in places]
        ended = [server.outcome(operation) for operation in asked]

        assert ended == ["succeeded"] * len(places)
        for name in (place.name for place in places):
            assert get(server.address(name)).text == f"new {name}\n"
            wait_until(
                lambda name=name: len(server.services_containers(name)) == 1,  # type: ignore[misc]
                within_s=ENDED_S,
                what="the old instance is gone, and there is one new one",
            )
    finally:
        server.up("--no-recreate", "--scale", "worker-lifecycle=1", "--scale", "worker-builds=1")


def test_a_backup_is_restored_into_an_empty_installation(server: Server, site: Site) -> None:
    place = site("restored")
    server.deploy(place)
    service = server.service("restored")["id"]
    set_secret = {"variables": {"WORD": "sesame"}, "secret_variables": ["WORD"]}
    server.insist("PATCH", f"/services/{service}/env", json=set_secret)
    (before,) = server.services_containers("restored")
    backup = server.run.folder / "backup"

    with load(address_of(server, before), every_s=0.02) as requests:
        back_up(server, backup)
        server.down()
        shutil.rmtree(server.secrets)
        restore(server, backup)
        wait_until(
            lambda: get(server.address("restored")).status_code == 200,
            within_s=ENDED_S,
            what="the router leads to it again",
        )

    assert requests.failed == []
    assert requests.sent > 50
    (after,) = server.services_containers("restored")
    assert (after["Id"], after["State"]["StartedAt"]) == (
        before["Id"],
        before["State"]["StartedAt"],
    )
    # The keys came along: what was secret is in the environment of the next release.
    write(place, "two")
    server.deploy(place)
    assert get(server.address("restored")).text == "two\n"
    wait_until(
        lambda: [one["Config"]["Env"].count("WORD=sesame") for one in now(server)] == [1],
        within_s=ENDED_S,
        what="one instance, with the secret",
    )


def now(server: Server) -> list[dict[str, Any]]:
    return server.services_containers("restored")


def address_of(server: Server, container: dict[str, Any]) -> str:
    """Its own, as the router has it: the router is part of what is taken away."""
    (network,) = container["NetworkSettings"]["Networks"].values()
    api = server.settings["KYOZO_ROUTER_API_PORT"]
    services = httpx.get(f"http://127.0.0.1:{api}/api/http/services", trust_env=False).json()
    routed = [row["loadBalancer"]["servers"] for row in services if "loadBalancer" in row]
    urls = [server["url"] for servers in routed for server in servers]
    return next(str(url) for url in urls if f"//{network['IPAddress']}:" in url)


def back_up(server: Server, into: Path) -> None:
    """As docs/production.md says."""
    into.mkdir()
    dump = ("exec", "-T", "postgres", "pg_dump", "-U", "kyozo", "-d", "kyozo", "--format=custom")
    (into / "kyozo.dump").write_bytes(server.compose(*dump))
    sources = ("exec", "-T", "web", "tar", "-C", "/var/lib/kyozo", "-czf", "-", "sources")
    (into / "sources.tar.gz").write_bytes(server.compose(*sources))
    shutil.copytree(server.secrets, into / "secrets")


def restore(server: Server, backup: Path) -> None:
    server.run.folder.joinpath("secrets").mkdir(mode=0o711)
    for secret in secret_files.SECRETS:
        path = shutil.copy2(backup / "secrets" / secret.name, server.secrets / secret.name)
        shutil.chown(path, secret.user, secret.user)
    server.compose("up", "-d", "postgres", "redis")
    wait_until(lambda: server.is_well("postgres"), within_s=ENDED_S, what="PostgreSQL is there")
    load_in = ("exec", "-T", "postgres", "pg_restore", "-U", "kyozo", "-d", "kyozo")
    server.compose(*load_in, "--clean", "--if-exists", stdin=(backup / "kyozo.dump").read_bytes())
    unpack = (
        "run",
        "--rm",
        "--no-deps",
        "-T",
        "prepare",
        "tar",
        "-C",
        "/var/lib/kyozo",
        "-xzf",
        "-",
    )
    server.compose(*unpack, stdin=(backup / "sources.tar.gz").read_bytes())
    server.up()
