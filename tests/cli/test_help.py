"""Every command explains itself, and the page about them has them all."""

from collections.abc import Iterator

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from kyozo.cli.main import app, hoist, main
from kyozo.platform.version import version
from tests.cli.conftest import Kyozo
from tests.repository import ROOT


def commands() -> Iterator[str]:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    for name, command in root.commands.items():
        if isinstance(command, TyperGroup):
            yield from (f"{name} {part}" for part in command.commands)
        else:
            assert isinstance(command, TyperCommand)
            yield name


ALL = sorted(commands())


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_help_with_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*name.split(), "--help"]) == 0

    said = capsys.readouterr().out
    assert f"kyozo {name}" in said.partition("Examples:")[2]


@pytest.mark.parametrize("name", ALL)
def test_every_command_is_on_its_page_with_an_example(name: str) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

    assert f"## kyozo {name}\n" in page
    section = page.partition(f"## kyozo {name}\n")[2].partition("\n## ")[0]
    assert f"kyozo {name}" in section


def test_the_page_has_no_command_that_is_gone() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    titles = [line[9:] for line in page.splitlines() if line.startswith("## kyozo ")]

    assert sorted(titles) == ALL


def test_the_version_is_said_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0

    assert capsys.readouterr().out == f"kyozo {version()}\n"


def test_shared_options_may_stand_anywhere() -> None:
    assert hoist(["ls", "--json", "--url", "x"]) == ["--json", "--url", "x", "ls"]
    assert hoist(["ls", "--url=x"]) == ["--url=x", "ls"]
    assert hoist(["env", "set", "a", "--", "--json"]) == ["env", "set", "a", "--", "--json"]


@pytest.mark.parametrize(
    "name", ["", "env", "images", "token", "tokens", "teams", "members", "invitations"]
)
def test_list_is_another_word_for_ls(alone: Kyozo, name: str) -> None:
    said = [alone(*name.split(), word, "--help").out for word in ("ls", "list")]

    assert said[0].partition("\n")[2] == said[1].partition("\n")[2] != ""


def test_an_unknown_option_is_wrong_usage(alone: Kyozo) -> None:
    done = alone("ls", "--bogus")

    assert done.status == 2
    assert "--bogus" in done.err


@pytest.mark.parametrize(
    "line",
    [
        *("ls --bogus", "bogus", "scale web many", "scale", "", "env", "ls --team"),
        *(
            "ls --url http://[ --token x",
            "ls --url ::x --token x",
            "ls --token x --team \xfc --url http://x",
        ),
    ],
)
def test_with_json_wrong_usage_is_one_object(alone: Kyozo, line: str) -> None:
    done = alone("--json", *line.split())

    assert (done.status, done.json["error"]["code"]) == (2, "usage")
    assert done.json["error"]["message"]


def test_a_setting_that_cannot_be_used_is_told_as_an_error(
    alone: Kyozo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KYOZO_PORT", "many")

    for command in ("doctor", "up"):
        done = alone(command, "--json")
        assert (done.status, "KYOZO_PORT" in done.err) == (1, True)
        assert done.json["error"]


def test_what_the_system_refuses_is_told_as_an_error(
    alone: Kyozo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KYOZO_HOME", "/proc/nowhere")

    done = alone("up", "--json")

    assert (done.status, done.json["error"]["code"]) == (1, "system")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(alone: Kyozo, shell: str) -> None:
    assert "_KYOZO_COMPLETE" in alone("completion", shell).out


def test_a_shell_gets_the_commands_that_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_KYOZO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "kyozo dep")
    monkeypatch.setenv("COMP_CWORD", "1")

    with pytest.raises(SystemExit):
        main([])

    assert capsys.readouterr().out.split() == ["deploy"]


def test_the_version_needs_no_platform(alone: Kyozo) -> None:
    assert alone("version", "--json").json["platform"] is None
