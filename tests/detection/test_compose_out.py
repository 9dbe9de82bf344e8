"""A whole folder as one compose.yaml that the oldest and the newest compose understand."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from detection import analyze, compose_files, values
from tests.detection import golden
from tests.detection.conftest import Analyzed, Folder

FLASK = {
    "requirements.txt": "flask\ngunicorn\npsycopg\n",
    "app.py": "import os\nfrom flask import Flask\napp = Flask(__name__)\n"
    "url = os.environ['DATABASE_URL']\nkey = os.environ['API_KEY']\n",
}


def document(files: Mapping[str, str]) -> object:
    loaded: object = yaml.safe_load(files["compose.yaml"])
    return loaded


def test_a_service_is_built_from_the_dockerfile_beside_it(analyzed: Analyzed) -> None:
    files = compose_files(analyzed(FLASK))

    web = values.table(document(files), "services", "shop")
    assert web["build"] == {"context": ".", "dockerfile": ".kyozo/shop.Dockerfile"}
    assert "\nFROM python:" in files[".kyozo/shop.Dockerfile"]
    assert web["ports"] == ["8000:8000"]


def test_a_database_nobody_declares_runs_and_is_reached(analyzed: Analyzed) -> None:
    found = document(compose_files(analyzed(FLASK)))

    assert values.text(found, "services", "postgresql", "image") == "postgres:17"
    assert values.dig(found, "services", "shop", "depends_on") == ["postgresql"]
    address = values.text(found, "services", "shop", "environment", "DATABASE_URL") or ""
    assert address.startswith("postgresql://postgres:$")
    assert address.endswith("@postgresql:5432/postgres")


def test_a_variable_without_a_value_comes_from_the_shell(analyzed: Analyzed) -> None:
    found = document(compose_files(analyzed(FLASK)))

    environment = values.table(found, "services", "shop", "environment")
    assert "API_KEY" in environment
    assert environment["API_KEY"] is None


def test_two_services_on_one_port_are_published_on_two(analyzed: Analyzed) -> None:
    files = {f"{name}/{file}": text for name in ("a", "b") for file, text in FLASK.items()}

    found = document(compose_files(analyzed(files)))

    assert values.dig(found, "services", "a", "ports") == ["8000:8000"]
    assert values.dig(found, "services", "b", "ports") == ["8001:8000"]


def test_what_cannot_be_built_is_left_out_and_named(analyzed: Analyzed) -> None:
    text = compose_files(analyzed({"mix.exs": ""}))["compose.yaml"]

    assert "# Left out: elixir cannot be built" in text
    assert values.table(yaml.safe_load(text), "services") == {}


def test_what_runs_once_waits_for_somebody_to_ask(analyzed: Analyzed) -> None:
    found = document(compose_files(analyzed({**FLASK, "Procfile": "web: a\nrelease: b\n"})))

    assert values.strings(found, "services", "release", "profiles") == ["release"]


def test_a_dollar_sign_survives_the_way_through(folder: Folder) -> None:
    text = "services: {a: {image: x, command: [echo, '$$HOME'], healthcheck: {test: 'a $$(b)'}}}"
    root = folder({"compose.yaml": text})

    first = analyze(root)
    (root / "compose.yaml").write_text(compose_files(first)["compose.yaml"])
    second = analyze(root)

    assert first.services[0].command == second.services[0].command == ("echo", "$HOME")
    assert first.services[0].health_command == second.services[0].health_command


@pytest.mark.parametrize("name", golden.names())
def test_every_example_is_told_in_words_of_the_oldest_compose(name: str, tmp_path: Path) -> None:
    files = compose_files(golden.analysis_of(name))

    found = document(files)
    services = values.table(found, "services")
    assert set(values.table(found)) <= {"services", "volumes"}
    for service in services:
        row = values.table(services, service)
        assert {"image", "build"} & set(row)
        assert "deploy" not in row
        assert set(values.strings(row, "depends_on")) <= set(services)
    assert all(Path(path).parts[0] not in {"/", ".."} for path in files)
