"""What one release has different from another; values of variables are never told."""

import pytest

from services.errors import NotFoundError
from services.lifecycle.compare import Difference, compare
from services.models import Service
from tests.factories import make_release


def config(memory_mb: int, **more: object) -> dict[str, object]:
    return {"limits": {"memory_mb": memory_mb, "cpu_cores": 1}, "command": None, **more}


@pytest.fixture
def released(service: Service) -> Service:
    make_release(service, config=config(64), environment={"A": "1", "KEY": "old", "GONE": "x"})
    make_release(
        service,
        config=config(128, command=["serve"]),
        environment={"A": "1", "KEY": "new", "MORE": "y"},
    )
    return service


def test_image_configuration_and_variables_are_compared(released: Service) -> None:
    against, found = compare(released, 2, against=None)

    assert against == 1
    assert [(one.field, one.kind) for one in found] == [
        ("command", "added"),
        ("image", "changed"),
        ("limits.memory_mb", "changed"),
        ("environment.GONE", "removed"),
        ("environment.KEY", "changed"),
        ("environment.MORE", "added"),
    ]
    assert Difference("limits.memory_mb", "changed", 64, 128) in found


def test_no_value_of_a_variable_is_told(released: Service) -> None:
    _, found = compare(released, 2, against=1)

    told = [one for one in found if one.field.startswith("environment.")]
    assert {(one.before, one.after) for one in told} == {(None, None)}


def test_a_release_is_like_itself(released: Service) -> None:
    assert compare(released, 2, against=2) == (2, [])


def test_the_first_release_added_everything(released: Service) -> None:
    against, found = compare(released, 1, against=None)

    assert against == 0
    assert {one.kind for one in found} == {"added"}


@pytest.mark.parametrize(("number", "against"), [(7, None), (2, 7)])
def test_a_release_that_is_not_there_is_not_found(
    released: Service, number: int, against: int | None
) -> None:
    with pytest.raises(NotFoundError):
        compare(released, number, against=against)
