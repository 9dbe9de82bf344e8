"""`python -m detection`: reports, JSON lines, Dockerfiles and exit statuses."""

import json

import pytest

from detection.__main__ import main
from tests.detection.conftest import Folder

FLASK = {
    "requirements.txt": "flask\n",
    "app.py": "from flask import Flask\napp = Flask(__name__)\n",
}


def test_the_report_says_what_and_why(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    status = main([str(folder(FLASK))])

    out = capsys.readouterr().out
    assert status == 0
    assert "flask" in out
    assert "requirements.txt" in out


def test_a_report_shows_hostile_names_as_text(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([str(folder({"[red]x/package.json": '{"scripts": {"start": "node ."}}'}))])

    assert status == 0
    assert "[red]x" in capsys.readouterr().out


def test_json_is_one_object_a_line_in_order(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(folder({**FLASK, "web/index.html": ""}))

    status = main(["--json", root, f"{root}/web"])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert [line["service_type"] for line in lines] == ["python", "static"]


def test_dockerfiles_are_printed_for_each_service(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--dockerfile", str(folder(FLASK))]) == 0
    assert "FROM python:" in capsys.readouterr().out


def test_an_own_dockerfile_is_named_and_not_replaced(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--dockerfile", str(folder({"Dockerfile": "FROM scratch\n"}))])

    assert "built from its own Dockerfile" in capsys.readouterr().out


@pytest.mark.parametrize("files", [{}, {"README.md": "x"}, {"mix.exs": ""}])
def test_nothing_deployable_is_status_3_with_a_reason(
    folder: Folder, capsys: pytest.CaptureFixture[str], files: dict[str, str]
) -> None:
    assert main([str(folder(files))]) == 3
    assert "Nothing to deploy" in capsys.readouterr().out


def test_no_folder_is_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/nowhere/at/all"]) == 1
    assert "detection.no_folder" in capsys.readouterr().err


def test_no_argument_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])

    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(("form", "text"), [("--compose", "services:"), ("--toml", "start = ")])
def test_files_made_from_it_are_printed(
    folder: Folder, capsys: pytest.CaptureFixture[str], form: str, text: str
) -> None:
    assert main([form, str(folder(FLASK))]) == 0
    assert text in capsys.readouterr().out
