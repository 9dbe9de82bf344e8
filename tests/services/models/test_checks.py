"""The combinators that read JSON strictly."""

from typing import Any

import pytest

from services.errors import BadRequestError, InvalidError
from services.models.checks import choice, flag, list_of, map_of, read, record, text, whole
from services.models.config import SERVICE
from services.probes.plan import plan_from

TABLE = {
    "count": whole(1, 9),
    "on": flag,
    "kind": choice(("a", "b")),
    "inner": record({"x": whole(0, 1)}),
    "words": list_of(text(most=3), most=2),
    "map": map_of(text(most=2), flag, most=1),
}


@pytest.mark.parametrize(
    "data",
    [
        {"count": True},
        {"count": 1.5},
        {"on": 1},
        {"kind": None},
        {"inner": {"y": 1}},
        {"inner": []},
        {"words": {}},
        {"words": [1]},
        {"map": {"a": "yes"}},
        {"more": 1},
    ],
)
def test_another_shape_is_a_bad_request_that_names_the_field(data: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as caught:
        read(data, TABLE)

    assert list(caught.value.details) == list(data)


@pytest.mark.parametrize(
    "data",
    [
        {"count": 0},
        {"kind": "c"},
        {"inner": {"x": 2}},
        {"words": ["abcd"]},
        {"words": ["a", "b", "c"]},
        {"map": {"abc": True}},
        {"map": {"a": True, "b": True}},
    ],
)
def test_a_value_out_of_bounds_is_invalid_and_names_the_field(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidError) as caught:
        read(data, TABLE)

    assert list(caught.value.details) == list(data)


def test_all_complaints_come_at_once() -> None:
    with pytest.raises(InvalidError) as caught:
        read({"count": 0, "kind": "c"}, TABLE)

    assert set(caught.value.details) == {"count", "kind"}


def test_a_complaint_deep_inside_says_where() -> None:
    with pytest.raises(InvalidError) as caught:
        read({"port_mappings": {"80": {"host_port": 0}}}, SERVICE)

    assert caught.value.details["port_mappings"] == ["80: host_port: must be between 1 and 65535"]


def test_a_number_without_a_fraction_is_whole() -> None:
    assert read({"count": 3.0}, TABLE) == {"count": 3}


def test_values_come_in_their_normal_form() -> None:
    fields = read(
        {"port_mappings": {"080": {}}, "volume_mounts": {"/a//b/": {"source": "v"}}}, SERVICE
    )

    assert fields["port_mappings"] == {"80": {}}
    assert list(fields["volume_mounts"]) == ["/a/b"]


@pytest.mark.parametrize(
    "target",
    [
        *("/", "/.", "//", "/proc", "/sys", "/dev", "/dev/shm", "//proc//self", "/usr", "/bin"),
        *("/etc", "/etc/passwd", "/etc/./hosts", "/usr/lib/x", "/run", "/var", "/data/../etc"),
        *("data", "/a:b"),
    ],
)
def test_a_volume_hides_nothing_that_a_container_runs_on(target: str) -> None:
    with pytest.raises(InvalidError, match="cannot be accepted"):
        read({"volume_mounts": {target: {"source": "v"}}}, SERVICE)


@pytest.mark.parametrize("target", ["/data", "/var/lib/app", "/etc/app", "/usr/src/app/media"])
def test_a_volume_lies_where_an_app_keeps_things(target: str) -> None:
    assert read({"volume_mounts": {target: {"source": "v"}}}, SERVICE)


@pytest.mark.parametrize(
    "registry", ["://", "https://registry.example", "a..b", "a//b", "a/", "x@y", "host:port", ""]
)
def test_a_registry_is_a_host_and_a_path(registry: str) -> None:
    with pytest.raises(InvalidError):
        read({"deployment_config": {"registry": registry}}, SERVICE)


@pytest.mark.parametrize("image", ["a://b", "a:b:c", "a@b", "a..b", "a/:1", "-a", "UPPER", "a b"])
def test_an_image_name_is_one_that_engines_take(image: str) -> None:
    with pytest.raises(InvalidError):
        read({"deployment_config": {"image_name": image}}, SERVICE)


def test_names_of_registries_and_images_are_taken() -> None:
    names = ["app", "team/app:1.2", "registry.example:5000/a/b__c-d:v1", f"a@sha256:{'0' * 64}"]
    config = {"registry": "registry.example:5000/team", "build_args": {}}

    for name in names:
        assert read({"deployment_config": config | {"image_name": name}}, SERVICE)


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("interval_seconds", 1, 3600),
        ("timeout_seconds", 0.1, 60),
        ("retries", 1, 100),
        ("start_period_seconds", 0, 3600),
    ],
)
def test_a_number_of_a_health_check_is_used_as_it_was_taken(
    field: str, low: float, high: float
) -> None:
    for value in (low, high):
        taken = read({"health_check_config": {field: value}}, SERVICE)["health_check_config"]
        assert getattr(plan_from(taken), field) == value
    for value in (low - 1, high + 1):
        with pytest.raises(InvalidError):
            read({"health_check_config": {field: value}}, SERVICE)


@pytest.mark.parametrize(
    "path", ["/", "/health", "/a//b", "/a?b=[c]&d=%2F!", "/~x/", "/" + "a" * 199]
)
def test_a_path_of_a_health_check_is_asked_as_it_was_taken(path: str) -> None:
    taken = read({"health_check_config": {"endpoint": path}}, SERVICE)["health_check_config"]

    assert plan_from(taken).endpoint == path


@pytest.mark.parametrize(
    "path", ["", "x", "//x", "/a#b", "/a\\b", "/\\x", "/a b", "/\u00e4", "/a\n"]
)
def test_a_path_that_could_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidError):
        read({"health_check_config": {"endpoint": path}}, SERVICE)


@pytest.mark.parametrize("command", [[], [""], ["", "x"]])
def test_a_command_begins_with_a_program(command: list[str]) -> None:
    with pytest.raises(InvalidError):
        read({"health_check_config": {"type": "command", "command": command}}, SERVICE)
