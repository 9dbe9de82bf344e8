"""What a release is made of: detected facts, and what people set, which wins."""

from typing import Any

import pytest

from detection import DetectedService, EnvironmentVariable, HealthCommand, Volume
from services.errors import InvalidError
from services.lifecycle import releases
from services.lifecycle.releases import Draft
from services.models import HostPort, Service
from services.probes.plan import plan_from
from services.runtimes.base import Mount
from services.runtimes.fake import FakeRuntime
from tests.factories import make_service


def found(**facts: Any) -> DetectedService:
    return DetectedService(
        **{"name": "web", "process": "web", "service_type": "python", "port": 8000, **facts}
    )


def drafted(service: Service, plan: DetectedService, digest: str = "sha256:1") -> Draft:
    return releases.draft(service, plan, image_ref="app:1", digest=digest)


def test_what_was_detected_is_the_default(service: Service) -> None:
    config = drafted(service, found(health_endpoint="/healthz")).config

    assert (config.http_port, config.strategy, config.process) == (8000, "rolling", "web")
    assert config.health == {"enabled": True, "type": "http", "endpoint": "/healthz"}
    assert HostPort.objects.get(service=service).container_port == 8000


def test_where_an_image_keeps_data_a_name_makes_it_follow_the_service(
    service: Service, engine: FakeRuntime
) -> None:
    engine.data_folders["sha256:1"] = ("/var/lib/data", "/cache/", "/named")
    service.volume_mounts = {"/cache": {"type": "tmpfs"}}
    plan = found(volumes=(Volume(name="named", path="/named"),))

    config = drafted(service, plan).config

    named = {mount.target: mount.source for mount in config.mounts}
    assert set(named) == {"/cache", "/named", "/var/lib/data"}
    assert named["/named"] == "named"
    assert named["/var/lib/data"].startswith(f"{service.id.hex[:8]}-var-lib-data-")
    assert config.strategy == "recreate"


def test_the_volumes_of_an_image_have_a_limit(service: Service, engine: FakeRuntime) -> None:
    plan = found(volumes=(Volume(name="named", path="/named"),))
    engine.data_folders["sha256:1"] = tuple(f"/{n}" for n in range(49))
    assert len(drafted(service, plan).config.mounts) == 50

    engine.data_folders["sha256:1"] = tuple(f"/{n}" for n in range(50))
    with pytest.raises(InvalidError, match="has 51 mounts; 50 are allowed"):
        drafted(service, plan)


def test_two_services_of_one_image_do_not_share_their_data(
    service: Service, engine: FakeRuntime
) -> None:
    engine.data_folders["sha256:1"] = ("/data",)
    other = make_service(service.team, workspace=service.workspace)

    sources = {drafted(row, found()).config.mounts[0].source for row in (service, other)}

    assert len(sources) == 2


def test_the_app_is_told_its_port(service: Service) -> None:
    assert drafted(service, found()).environment == {"PORT": "8000"}


def test_a_port_that_people_set_wins(service: Service) -> None:
    service.port_mappings = {"5000": {"host_port": 8099}}

    draft = drafted(service, found())

    assert (draft.config.http_port, draft.environment["PORT"]) == (5000, "5000")
    assert HostPort.objects.get(service=service).port == 8099


def test_without_any_port_a_web_app_is_expected_at_the_usual_one(service: Service) -> None:
    assert drafted(service, found(port=None)).config.http_port == 8080


def test_what_people_set_wins_variable_by_variable(service: Service) -> None:
    service.environment = {"COLOUR": "blue", "PORT": "1"}
    plan = found(
        environment=(
            EnvironmentVariable(name="COLOUR", default="red", evidence="compose.yaml:3"),
            EnvironmentVariable(name="SHAPE", default="round", evidence="compose.yaml:4"),
        )
    )

    assert drafted(service, plan).environment == {"PORT": "1", "COLOUR": "blue", "SHAPE": "round"}


def test_a_default_read_from_code_stays_in_the_code(service: Service) -> None:
    variable = EnvironmentVariable(name="DEBUG", default="1", evidence="app.py:3")

    assert "DEBUG" not in drafted(service, found(environment=(variable,))).environment


@pytest.mark.parametrize(
    ("value", "renamed"),
    [
        ("postgres://app:pw@db:5432/app", "postgres://app:pw@shop-db:5432/app"),
        ("http://db/", "http://shop-db/"),
        ("redis://db", "redis://shop-db"),
        ("db", "shop-db"),
        ("dbase", "dbase"),
        ("http://db.example.com/", "http://db.example.com/"),
        ("the db is here", "the db is here"),
    ],
)
def test_host_names_follow_a_service_that_got_another_name(
    service: Service, value: str, renamed: str
) -> None:
    make_service(service.team, workspace=service.workspace, name="shop-db", source_name="db")
    variable = EnvironmentVariable(name="TARGET", default=value, evidence="compose.yaml:3")

    draft = drafted(service, found(environment=(variable,)))

    assert draft.environment["TARGET"] == renamed


def test_the_names_of_another_workspace_are_not_followed(service: Service) -> None:
    make_service(service.team, name="their-db", source_name="db")
    variable = EnvironmentVariable(name="HOST", default="db", evidence="compose.yaml:3")

    assert drafted(service, found(environment=(variable,))).environment["HOST"] == "db"


def test_a_writable_volume_lets_it_run_once_only(service: Service) -> None:
    plan = found(volumes=(Volume(path="/data", name="data", mode="rw"),))

    config = drafted(service, plan).config

    assert config.mounts == (Mount(target="/data", source="data", mode="rw"),)
    assert config.strategy == "recreate"


def test_a_mount_that_people_set_wins(service: Service) -> None:
    service.volume_mounts = {"/data": {"source": "data", "mode": "ro", "type": "volume"}}
    plan = found(volumes=(Volume(path="/data", name="data", mode="rw"),))

    config = drafted(service, plan).config

    assert [mount.mode for mount in config.mounts] == ["ro"]
    assert config.strategy == "rolling"


def test_a_raw_port_is_published_by_the_engine(service: Service) -> None:
    service.port_mappings = {
        "8000": {},
        "9000": {"host_port": 39000, "protocol": "udp", "host_ip": "127.0.0.1"},
    }

    config = drafted(service, found()).config

    [port] = config.ports
    assert (port.container_port, port.host_port, port.protocol) == (9000, 39000, "udp")
    assert config.strategy == "recreate"


def test_a_worker_has_no_port_and_no_check(service: Service) -> None:
    config = drafted(service, found(process="worker", port=None)).config

    assert (config.http_port, config.health) == (None, {})
    assert not HostPort.objects.exists()


def test_a_database_is_asked_by_a_connection(service: Service) -> None:
    config = drafted(service, found(process="database", port=5432, image="postgres:16")).config

    assert (config.http_port, config.check_port) == (None, 5432)
    assert config.health == {"enabled": True, "type": "tcp", "port": 5432}


@pytest.mark.parametrize(
    ("test", "command"),
    [
        (("CMD", "pg_isready", "-U", "app"), ["pg_isready", "-U", "app"]),
        (("CMD-SHELL", "pg_isready || exit 1"), ["/bin/sh", "-c", "pg_isready || exit 1"]),
        (("pg_isready",), ["pg_isready"]),
    ],
)
def test_a_health_command_of_the_folder_is_used(
    service: Service, test: tuple[str, ...], command: list[str]
) -> None:
    check = HealthCommand(test=test, interval_s=5, timeout_s=None, retries=4, start_period_s=None)

    health = drafted(service, found(health_command=check)).config.health

    assert (health["type"], health["command"]) == ("command", command)
    assert (health["interval_seconds"], health["retries"]) == (5, 4)
    assert "timeout_seconds" not in health


def test_a_health_command_is_brought_into_the_limits(service: Service) -> None:
    check = HealthCommand(("true",), interval_s=0.5, timeout_s=120, retries=300, start_period_s=9e9)

    health = drafted(service, found(health_command=check)).config.health

    asked = (health["interval_seconds"], health["timeout_seconds"], health["retries"])
    assert (*asked, health["start_period_seconds"]) == (1, 60, 100, 3600)


def test_nothing_is_the_default_of_a_health_command_as_in_compose(service: Service) -> None:
    check = HealthCommand(("true",), interval_s=0, timeout_s=0, retries=0, start_period_s=0)

    plan = plan_from(drafted(service, found(health_command=check)).config.health)

    assert (plan.interval_seconds, plan.timeout_seconds, plan.retries) == (30, 5, 3)
    assert plan.start_period_seconds == 0


def test_a_health_check_that_people_set_wins(service: Service) -> None:
    service.health_check_config = {"type": "tcp", "port": 8000}

    assert drafted(service, found()).config.health == {"type": "tcp", "port": 8000}


def test_limits_that_people_set_reach_the_engine(service: Service) -> None:
    service.resource_limits = {"memory_mb": 64, "cpu_cores": None, "disk_mb": 5}

    limits = drafted(service, found()).config.limits

    assert (limits.memory_mb, limits.cpu_cores) == (64, 1.0)


@pytest.mark.parametrize(
    ("facts", "command"),
    [
        ({"command": ("redis-server", "--save", "")}, ("redis-server", "--save", "")),
        ({"start_command": "sh -c 'a; b'", "dockerfile_path": "Dockerfile"}, None),
        ({"start_command": "python app.py"}, None),
    ],
)
def test_an_image_runs_its_own_command_unless_another_is_given(
    service: Service, facts: dict[str, Any], command: tuple[str, ...] | None
) -> None:
    assert drafted(service, found(**facts)).config.command == command


def test_a_wished_port_is_taken_when_it_is_free(service: Service) -> None:
    drafted(service, found(published_port=8095))
    other = make_service(service.team, workspace=service.workspace, name="other")
    drafted(other, found(published_port=8095))

    assert HostPort.objects.get(service=service).port == 8095
    assert HostPort.objects.get(service=other).port == 8080


def test_equal_drafts_have_equal_fingerprints(service: Service) -> None:
    service.environment = {"B": "2", "A": "1"}
    first = drafted(service, found())
    service.environment = {"A": "1", "B": "2"}

    assert drafted(service, found()).fingerprint == first.fingerprint


def test_image_configuration_and_environment_are_all_in_the_fingerprint(service: Service) -> None:
    prints = {drafted(service, found()).fingerprint}
    prints.add(drafted(service, found(), digest="sha256:2").fingerprint)
    service.environment = {"A": "1"}
    prints.add(drafted(service, found()).fingerprint)
    service.resource_limits = {"memory_mb": 64}
    prints.add(drafted(service, found()).fingerprint)

    assert len(prints) == 4


def test_a_stored_release_gives_the_same_draft_again(service: Service) -> None:
    service.port_mappings = {"8000": {}, "9000": {"host_port": 39000, "protocol": "udp"}}
    draft = drafted(service, found(volumes=(Volume(path="/data", name="data", mode="rw"),)))

    release = releases.write(service, draft, actor="alice")
    release.refresh_from_db()

    assert releases.again(release) == draft
    assert releases.again(release).fingerprint == release.fingerprint


def test_releases_are_numbered_per_service(service: Service) -> None:
    draft = drafted(service, found())

    numbers = [releases.write(service, draft, actor="alice").number for _ in range(2)]

    assert numbers == [1, 2]
