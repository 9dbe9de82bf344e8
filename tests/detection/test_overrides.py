"""kyozo.toml and options stand over every rule, and a bad one says where."""

import tomllib
from collections.abc import Mapping

import pytest

from detection import OverrideError, analyze, write_toml
from tests.detection.conftest import Analyzed, Folder

FLASK = {
    "requirements.txt": "flask\n",
    "app.py": "from flask import Flask\napp = Flask(__name__)\n",
}
TWO = {
    "api/requirements.txt": "flask\n",
    "api/app.py": FLASK["app.py"],
    "web/package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}',
}


def with_toml(text: str, files: Mapping[str, str] = FLASK) -> dict[str, str]:
    return {**files, "kyozo.toml": text}


def test_a_key_of_the_file_wins_and_is_evidence(analyzed: Analyzed) -> None:
    service = analyzed(with_toml("\nport = 9000\n")).services[0]

    assert service.port == 9000
    assert (service.evidence[0].rule, service.evidence[0].line) == ("override", 2)


def test_an_option_wins_over_the_file(analyzed: Analyzed) -> None:
    found = analyzed(with_toml('start = "a"\n'), start="python b.py", port=None)

    assert found.services[0].start_command == "python b.py"


def test_an_own_dockerfile_is_told_another_start_in_words(analyzed: Analyzed) -> None:
    files = {**FLASK, "Dockerfile": "FROM python:3.12\nCMD a | b\n"}

    assert analyzed(files).services[0].command == ()
    assert analyzed(files, start="sh -c 'c | d'").services[0].command == ("sh", "-c", "c | d")
    assert analyzed(files, start="c", dockerfile="").services[0].command == ()


def test_a_forced_type_takes_that_language_s_own_findings(analyzed: Analyzed) -> None:
    files = {**FLASK, "package.json": '{"scripts": {"start": "node x.js"}}', "x.js": ""}

    found = analyzed(files, type="nodejs")

    assert found.service_type == "nodejs"
    assert found.services[0].start_command == "npm run start"


def test_a_folder_nobody_understands_runs_with_type_and_start(analyzed: Analyzed) -> None:
    found = analyzed({"serve.lua": ""}, type="python", start="python -m http.server $PORT", port=80)

    assert found.is_deployable
    assert found.services[0].port == 80


def test_a_table_speaks_about_one_service_only(analyzed: Analyzed) -> None:
    found = analyzed(with_toml('[services.api]\nport = 7000\nhealth = "/live"\n', TWO))

    assert [(s.name, s.port) for s in found.services] == [("api", 7000), ("web", 8080)]


def test_an_unknown_name_adds_a_service(analyzed: Analyzed) -> None:
    text = '[services.jobs]\nstart = "python jobs.py"\nport = 0\n'

    found = analyzed(with_toml(text))

    assert [(s.name, s.process) for s in found.services] == [("shop", "web"), ("jobs", "worker")]


def test_env_and_volumes_are_taken(analyzed: Analyzed) -> None:
    service = analyzed(with_toml('volumes = ["data:/data"]\n[env]\nMODE = "x"\n')).services[0]

    assert (service.volumes[0].name, service.volumes[0].path) == ("data", "/data")
    assert ("MODE", "x") in [(v.name, v.default) for v in service.environment]


def test_an_empty_dockerfile_puts_the_own_one_aside(analyzed: Analyzed) -> None:
    found = analyzed({**with_toml('dockerfile = ""\n'), "Dockerfile": "FROM python\n"})

    assert found.services[0].dockerfile_path is None


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("port = 'x'", 1, "port must be a whole number"),
        ("\n\nprot = 1", 3, "unknown key 'prot'"),
        ("type = 'cobol'", 1, "type must be one of"),
        ("port = 70000", 1, "port must be from 1 to 65535"),
        ("dockerfile = '../Dockerfile'", 1, "must lie inside the folder"),
        ("dockerfile = 'Nowhere'", 1, "there is no file Nowhere"),
        ("health = 'up'", 1, "begins with a slash"),
        ("health = '//up'", 1, "names no host"),
        ("start = 'a\\nb'\nbuild = \"a\\nb\"", 2, "one line of plain text"),
        ("[services.api]\nport = true", 2, "port must be a whole number"),
        ("[services]\napi = 1", 2, "services.api must be a table"),
        ("port = ", 1, "not valid TOML"),
        ("volumes = ['data']", 1, "volumes must be a list"),
        ("env = {A = [1]}", 1, "env must map names"),
    ],
)
def test_a_bad_key_says_where_and_why(folder: Folder, text: str, line: int, problem: str) -> None:
    root = folder(with_toml(text))

    with pytest.raises(OverrideError, match=problem) as raised:
        analyze(root)

    assert (raised.value.file, raised.value.line) == ("kyozo.toml", line)


def test_a_bad_option_names_no_file(folder: Folder) -> None:
    with pytest.raises(OverrideError, match=r"^port must be a whole number$"):
        analyze(folder(FLASK), overrides={"port": "80"})


@pytest.mark.parametrize("files", [FLASK, TWO])
def test_what_is_written_back_gives_the_same_services(
    analyzed: Analyzed, files: dict[str, str]
) -> None:
    first = analyzed(files)
    text = write_toml(first)

    second = analyzed(with_toml(text, files))

    assert tomllib.loads(text)
    assert [(s.name, s.start_command, s.port, s.path) for s in second.services] == [
        (s.name, s.start_command, s.port, s.path) for s in first.services
    ]
