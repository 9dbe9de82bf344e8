"""start, stop, restart, scale, rollback and rm against a running platform."""

import pytest

from tests.cli.conftest import Kyozo

pytestmark = pytest.mark.timeout(120)


def status_of(kyozo: Kyozo, name: str) -> str:
    return str(kyozo("status", name, "--json").json["status"])


def test_stop_and_start_wait_for_their_ends(kyozo: Kyozo, service: str) -> None:
    assert kyozo("stop", service).status == 0
    assert status_of(kyozo, service) == "stopped"

    assert kyozo("start", service).status == 0
    assert status_of(kyozo, service) == "running"


def test_starting_what_runs_has_nothing_to_do(kyozo: Kyozo, service: str) -> None:
    done = kyozo("start", service, "--json")

    assert done.status == 0
    assert done.json == {"operations": [], "unchanged": True}


def test_restart_ends_with_the_address(kyozo: Kyozo, service: str) -> None:
    done = kyozo("restart", service)

    assert done.status == 0
    assert "http://127.0.0.1:" in done.out


def test_scale_is_seen_by_ls(kyozo: Kyozo, service: str) -> None:
    assert kyozo("scale", service, "2").status == 0

    row = next(line for line in kyozo("ls").out.splitlines() if line.startswith(service))
    assert "2/2" in row


def test_rollback_without_an_earlier_release_fails_with_a_reason(
    kyozo: Kyozo, service: str
) -> None:
    done = kyozo("rollback", service)

    assert done.status == 1
    assert done.err.startswith("error: ")


def test_rollback_shows_what_a_release_changed(kyozo: Kyozo, service: str) -> None:
    shown = kyozo("rollback", service, "--diff", "1")

    assert shown.status == 0
    assert "image" in shown.out


def test_rollback_goes_to_the_release_that_is_named(kyozo: Kyozo, service: str) -> None:
    kyozo("env", "set", service, "A=1")
    kyozo("restart", service)
    before = kyozo("rollback", service, "--list", "--json").json

    assert kyozo("rollback", service, "--to", "1").status == 0
    assert len(kyozo("rollback", service, "--list", "--json").json) > len(before)


def test_the_releases_that_a_refused_rollback_points_to_are_there(
    kyozo: Kyozo, service: str
) -> None:
    refused = kyozo("rollback", service)
    shown, told = kyozo("status", service), kyozo("status", service, "--json").json

    assert f"kyozo status {service}" in refused.err
    assert [(row["number"], row["is_current"]) for row in told["releases"]] == [(1, True)]
    line = shown.out.splitlines()[-1].split()
    assert line[:3] == ["1", "current", told["releases"][0]["image_digest"][7:19]]
    assert "deployed by" in shown.out


def test_rm_asks_for_yes_where_nobody_can_be_asked(kyozo: Kyozo, service: str) -> None:
    done = kyozo("rm", service)

    assert done.status == 2
    assert "--yes" in done.err
    assert status_of(kyozo, service) == "running"


def test_what_was_removed_is_not_found(kyozo: Kyozo, service: str) -> None:
    assert kyozo("rm", service, "--yes").status == 0

    assert "there is no service" in kyozo("status", service).err
