"""The combinators that read JSON strictly."""

from typing import Any

import pytest

from services.errors import BadRequestError, InvalidError
from services.models.checks import choice, flag, list_of, map_of, read, record, text, whole
from services.models.config import SERVICE

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
