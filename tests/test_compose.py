"""compose.yaml and the Dockerfile, as text: rights, limits, secrets and names."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from kyozo.platform import healthy, secret_files
from tests.detection.test_examples import HADOLINT
from tests.repository import ROOT
from tests.test_settings import on_the_page

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
PARTS: dict[str, dict[str, Any]] = COMPOSE["services"]
WITH_ENGINE = {"worker-lifecycle", "worker-builds"}
SERVERS = {"postgres", "redis"}


@pytest.mark.parametrize("name", PARTS)
def test_no_part_is_root_or_can_become_it(name: str) -> None:
    part = PARTS[name]

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", part["user"])
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in part
    assert "pid" not in part


@pytest.mark.parametrize("name", PARTS)
def test_only_workers_have_the_engine(name: str) -> None:
    part = PARTS[name]
    sees = any("docker.sock" in volume for volume in part.get("volumes", ()))

    assert sees == (name in WITH_ENGINE)
    assert ("group_add" in part) == (name in WITH_ENGINE)


@pytest.mark.parametrize("name", PARTS)
def test_every_part_is_limited_and_started_again(name: str) -> None:
    part = PARTS[name]

    assert {"mem_limit", "cpus", "pids_limit", "restart", "logging"} <= set(part)
    assert "healthcheck" in part or name == "prepare"
    # More than one would be refused where the machine has one.
    assert part["cpus"] <= 1


@pytest.mark.parametrize("name", PARTS)
def test_what_lies_in_memory_has_a_size_below_the_memory(name: str) -> None:
    units = {"m": 1, "g": 1024}
    most = PARTS[name]["mem_limit"]
    sizes = [re.search(r"[:,]size=(\d+)m(?:,|$)", one) for one in PARTS[name].get("tmpfs", ())]

    assert all(sizes)
    assert sum(int(size[1]) for size in sizes if size) < int(most[:-1]) * units[most[-1]]


def test_file_systems_of_the_platform_are_read_only() -> None:
    assert all(PARTS[name]["read_only"] for name in set(PARTS) - {"postgres"})


@pytest.mark.parametrize("name", PARTS)
def test_secrets_come_from_files_only(name: str) -> None:
    environment = PARTS[name].get("environment", {})
    kinds = r"SECRET|PASSWORD|_KEY|(?<!PUBLIC_)URL|TOKEN"
    secret = {key for key in environment if re.search(kinds, key)}

    assert all(key.endswith("_FILE") for key in secret)
    named = {environment[key].removeprefix("/run/secrets/") for key in secret}
    assert named <= set(PARTS[name].get("secrets", ()))


def test_every_secret_is_made_for_the_user_who_reads_it() -> None:
    made = {secret.name: secret.user for secret in secret_files.SECRETS}

    assert set(COMPOSE["secrets"]) == set(made)
    for part in PARTS.values():
        user = int(part["user"].split(":")[0])
        assert {made[name] for name in part.get("secrets", ())} <= {user}


def test_the_router_has_no_secret_and_cannot_write_its_routes() -> None:
    assert "secrets" not in PARTS["router"]
    assert PARTS["router"]["volumes"] == ["routes:/var/lib/kyozo/router:ro"]


def test_the_servers_are_reached_by_nobody_outside() -> None:
    assert COMPOSE["networks"]["data"]["internal"] is True
    for name in SERVERS:
        assert list(PARTS[name]["networks"]) == ["data"]
    publishing = {name: part["ports"] for name, part in PARTS.items() if "ports" in part}
    assert publishing == {"web": ["${KYOZO_HOST_IP:-127.0.0.1}:${KYOZO_PORT:-7070}:7070"]}


def test_only_what_speaks_to_instances_has_the_machines_network() -> None:
    of_machine = {name for name, part in PARTS.items() if part.get("network_mode") == "host"}

    assert of_machine == {"router"} | WITH_ENGINE


@pytest.mark.parametrize("name", sorted(WITH_ENGINE))
def test_every_worker_can_write_routes_and_finds_the_servers(name: str) -> None:
    servers = {line.split(":")[0] for line in PARTS[name]["extra_hosts"]}

    assert servers == SERVERS
    assert "routes:/var/lib/kyozo/router" in PARTS[name]["volumes"]


@pytest.mark.parametrize("name", PARTS)
def test_what_is_handed_on_is_a_setting(name: str) -> None:
    given = PARTS[name].get("environment", {})
    ours = {key for key in given if not key.startswith("POSTGRES_")}
    known = on_the_page()

    assert {key for key in ours if not {key, key.removesuffix("_FILE")} & known} == set()


def test_what_it_reads_is_on_the_page_of_settings() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    read = set(re.findall(r"\$\{(\w+)", text))

    assert read
    assert {name for name in read if not re.search(rf"\b{name}\b", page)} == set()


def test_what_the_page_tells_people_to_set_is_handed_on() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    told = set(re.findall(r"\bKYOZO_\w+", page))

    assert "KYOZO_DATABASE_POOL" in told
    assert told - set(re.findall(r"\$\{(KYOZO_\w+)", text)) == set()


def test_every_health_check_is_one_that_there_is() -> None:
    checks = [part["healthcheck"]["test"] for part in PARTS.values() if "healthcheck" in part]
    ours = {test[-1] for test in checks if "kyozo.platform.healthy" in test}

    assert ours == set(healthy.PARTS)


def test_the_page_names_every_part() -> None:
    page = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")

    assert all(f"| `{name}` |" in page for name in PARTS)


def test_the_dockerfile_is_clean_and_ends_as_a_user() -> None:
    path = ROOT / "Dockerfile"
    linted = subprocess.run(
        [HADOLINT, "--config", ROOT / ".hadolint.yaml", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert linted.returncode == 0, linted.stdout
    users = re.findall(r"^USER (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert users[-1] == f"{secret_files.PLATFORM_USER}:{secret_files.PLATFORM_USER}"


def test_neither_secrets_nor_state_go_into_the_image() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    taken = [line for line in lines if line.startswith("!")]

    assert lines[1] == "*"
    assert not any(re.search(r"secret|\.env|home|tests", line) for line in taken)
