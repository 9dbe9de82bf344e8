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
        {"count": 1.0},
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


def test_values_come_in_their_normal_form() -> None:
    fields = read(
        {"port_mappings": {"080": {}}, "volume_mounts": {"/a//b/": {"source": "v"}}}, SERVICE
    )

    assert fields["port_mappings"] == {"80": {}}
    assert list(fields["volume_mounts"]) == ["/a/b"]
