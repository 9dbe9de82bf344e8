"""`python -m detection`: reports, JSON lines, Dockerfiles and exit statuses."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from detection import analyze
from detection.__main__ import main
from detection.report import print_report
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


def test_a_version_is_said_of_what_it_is_of(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    package = {"scripts": {"start": "node a.js"}, "engines": {"node": "22"}}
    typed = {**package, "devDependencies": {"typescript": "5.9.0"}}
    main(
        [str(folder({"a/package.json": json.dumps(package), "b/package.json": json.dumps(typed)}))]
    )
    main([str(folder({"runtime.txt": "python-3.11", **FLASK}))])

    out = capsys.readouterr().out
    assert re.search(r"a  JavaScript on Node 22", out)
    assert re.search(r"b  TypeScript on Node 22", out)
    assert re.search(r"flask, Python 3\.11", out)


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


def test_a_folder_that_is_not_there_has_its_line_among_the_others(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(folder({**FLASK, "empty/README.md": ""}))

    status = main(["--json", f"{root}/missing", root, f"{root}/empty"])

    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert lines[0]["error"]["code"] == "detection.no_folder"
    assert [line.get("service_type") for line in lines] == [None, "python", "unknown"]
    assert err.count("detection.no_folder") == 1


def test_one_folder_with_nothing_makes_the_status_3(folder: Folder) -> None:
    root = str(folder({**FLASK, "empty/README.md": ""}))

    assert main(["--json", root, f"{root}/empty", root]) == 3


def test_a_wrong_option_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--jsn", "."])

    assert stopped.value.code == 2
    assert "--jsn" in capsys.readouterr().err


def test_a_bad_kyozo_toml_is_status_1_with_its_line(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder({**FLASK, "kyozo.toml": "\nport = 'x'\n"}))]) == 1
    assert "kyozo.toml:2: port must be" in capsys.readouterr().err


def shown(root: Path, *, is_terminal: bool = False, **environ: str) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=100, force_terminal=is_terminal, _environ={"TERM": "xterm", **environ}
    )
    print_report(analyze(root), console)
    return out.getvalue()


def test_a_report_is_coloured_on_a_terminal_only(folder: Folder) -> None:
    root = folder(FLASK)
    color = re.compile(r"\x1b\[[\d;]*3[1-6]m")

    assert color.search(shown(root, is_terminal=True))
    assert not color.search(shown(root, is_terminal=True, NO_COLOR="1"))
    assert "\x1b" not in shown(root)


def test_a_report_cannot_be_made_to_steer_a_terminal(folder: Folder) -> None:
    files = {**FLASK, "Procfile": "web: gunicorn app:app \x1b]0;title\x07\x1b[2J\n"}

    assert "\x1b]" not in shown(folder(files))
    assert "\x07" not in shown(folder(files))


def test_what_speaks_for_it_stands_strongest_first(folder: Folder) -> None:
    text = shown(folder({**FLASK, "Procfile": "web: gunicorn app:app\n"}))

    assert text.index("Procfile:1") < text.index("requirements.txt  Python manifest")


def test_a_reader_that_goes_away_is_no_traceback(folder: Folder) -> None:
    command = [sys.executable, "-m", "detection", "--json", *[str(folder(FLASK))] * 200]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
