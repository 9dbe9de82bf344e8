"""`kyozo deploy`: the exit status is the truth, and JSON is alone on standard output."""

from pathlib import Path

import pytest

from tests.cli.conftest import Kyozo
from tests.factories import make_folder

pytestmark = pytest.mark.timeout(120)


def test_a_folder_ends_in_an_address(kyozo: Kyozo, app: Path) -> None:
    done = kyozo("deploy", str(app), "--yes")

    assert done.status == 0
    assert "http://127.0.0.1:" in done.out
    assert "health done" in done.out


def test_json_is_alone_on_standard_output(kyozo: Kyozo, app: Path) -> None:
    done = kyozo("deploy", str(app), "--yes", "--json")

    assert [row["state"] for row in done.json["operations"]] == ["succeeded"]
    assert done.json["operations"][0]["urls"]
    assert "health done" in done.err


def test_a_folder_with_nothing_in_it_fails_and_says_what_to_do(
    kyozo: Kyozo, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()

    done = kyozo("deploy", str(tmp_path / "empty"))

    assert done.status == 1
    assert "nothing deployable" in done.err
    assert "try: " in done.err


def test_a_folder_that_is_not_there_starts_nothing(alone: Kyozo, tmp_path: Path) -> None:
    done = alone("deploy", str(tmp_path / "missing"))

    assert done.status == 1
    assert "there is no folder" in done.err
    assert not (tmp_path / "nowhere").exists()


def test_detached_it_does_not_wait(kyozo: Kyozo, app: Path) -> None:
    done = kyozo("deploy", str(app), "--yes", "--detach", "--json")

    assert done.status == 0
    assert done.json["operations"][0]["state"] in {"queued", "running"}


def test_the_name_that_was_given_is_taken(kyozo: Kyozo, app: Path) -> None:
    done = kyozo("deploy", str(app), "--yes", "--name", "chosen", "--json")

    assert done.json["services"][0]["name"] == "chosen"


def test_an_env_file_that_is_not_used_is_pointed_out(kyozo: Kyozo, app: Path) -> None:
    (app / ".env").write_text("GREETING=hello\n")

    done = kyozo("deploy", str(app))

    assert done.status == 0
    assert "env set" in done.out
    assert "hello" not in done.out


def test_a_token_that_may_deploy_deploys_only_what_is_registered(
    kyozo: Kyozo, app: Path, tmp_path: Path
) -> None:
    assert kyozo("deploy", str(app), "--yes").status == 0
    token = kyozo("token", "create", app.name, "--scope", "deploy", "--json").json["token"]

    again = kyozo("deploy", str(app), "--yes", "--token", token)
    other = kyozo("deploy", str(make_folder(tmp_path, "other")), "--yes", "--token", token)

    assert again.status == 0, again.err
    assert (other.status, "admin" in other.err) == (1, True)
