"""`kyozo env`: opaque values, hidden secrets."""

from pathlib import Path

import pytest

from tests.cli.conftest import Kyozo

pytestmark = pytest.mark.timeout(120)


def test_values_come_back_as_they_were_given(kyozo: Kyozo, service: str) -> None:
    kyozo("env", "set", service, 'A=$HOME `id` "x"', "B=a=b")

    found = kyozo("env", "ls", service, "--json").json["variables"]
    assert found == {"A": '$HOME `id` "x"', "B": "a=b"}


def test_a_secret_is_never_shown(kyozo: Kyozo, service: str) -> None:
    kyozo("env", "set", service, "KEY=hidden-value", "--secret")

    listed = kyozo("env", "ls", service)
    assert "KEY=(secret)" in listed.out
    assert "hidden-value" not in listed.out + kyozo("status", service, "--json").out


def test_a_second_secret_keeps_the_first_one_secret(kyozo: Kyozo, service: str) -> None:
    kyozo("env", "set", service, "ONE=1", "--secret")
    kyozo("env", "set", service, "TWO=2", "--secret")

    assert kyozo("env", "ls", service, "--json").json["secret_variables"] == ["ONE", "TWO"]


def test_a_file_is_read(kyozo: Kyozo, service: str, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# comment\nexport A='x y'\n")

    done = kyozo("env", "set", service, "--from", str(file))

    assert done.status == 0
    assert "next deploy or restart" in done.err


def test_a_removed_variable_is_gone(kyozo: Kyozo, service: str) -> None:
    kyozo("env", "set", service, "A=1")
    kyozo("env", "rm", service, "A")

    assert kyozo("env", "ls", service, "--json").json["variables"] == {}


def test_no_variables_are_said_to_be_none(kyozo: Kyozo, service: str) -> None:
    assert "no variables" in kyozo("env", "list", service).out
    assert kyozo("env", "list", service, "--json").json["variables"] == {}


@pytest.mark.parametrize("pair", ["A", "=x", "1A=x", "A-B=x"])
def test_what_is_no_variable_is_wrong_usage(kyozo: Kyozo, service: str, pair: str) -> None:
    done = kyozo("env", "set", service, pair)

    assert done.status == 2
    assert "NAME=VALUE" in done.err
