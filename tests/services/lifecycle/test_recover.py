"""What a start does about the process that was killed before it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection
from pytest_django import Settings

from services.lifecycle.claims import claim
from services.lifecycle.recover import drop_ended_trees, expire_own_leases, recover
from services.models import Service

ELSEWHERE = "tcp://127.0.0.1:1"  # the builds of this machine's engine are none of a test's business


def test_services_are_free_at_once(service: Service) -> None:
    claim(service.id)

    assert expire_own_leases() == 1
    assert claim(service.id) is not None


def test_half_made_trees_go_and_their_indexes_stay(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    settings.KYOZO = {**settings.KYOZO, "HOME": tmp_path, "ENGINE_URL": ELSEWHERE}
    (tmp_path / "trees" / "half").mkdir(parents=True)
    (tmp_path / "trees" / "abc.index").write_text("index")

    recover()

    assert [path.name for path in (tmp_path / "trees").iterdir()] == ["abc.index"]


def test_the_copy_of_a_build_that_begins_meanwhile_stays(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    settings.KYOZO = {**settings.KYOZO, "HOME": tmp_path}
    (tmp_path / "trees" / "ended").mkdir(parents=True)

    def one_begins(execute: Callable[..., Any], *asked: Any) -> Any:
        """As soon as it was read which builds run."""
        rows = execute(*asked)
        (tmp_path / "trees" / "begun").mkdir()
        return rows

    with connection.execute_wrapper(one_begins):
        drop_ended_trees()

    assert [path.name for path in (tmp_path / "trees").iterdir()] == ["begun"]


def test_without_anything_left_over_there_is_nothing_to_do(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    settings.KYOZO = {**settings.KYOZO, "HOME": tmp_path, "ENGINE_URL": ELSEWHERE}

    assert "another machine" in recover()

    assert list(tmp_path.glob("trees/*")) == []
