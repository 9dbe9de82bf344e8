"""A whole folder as one compose.yaml that the oldest and the newest compose understand."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from detection import analyze, compose_files, values
from detection.compose_databases import SECRET
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
    waits = values.dig(found, "services", "shop", "depends_on")
    assert waits == {"postgresql": {"condition": "service_healthy"}}
    address = values.text(found, "services", "shop", "environment", "DATABASE_URL") or ""
    assert address == f"postgresql://postgres:{SECRET}@postgresql:5432/postgres"
    assert (
        values.text(found, "services", "postgresql", "environment", "POSTGRES_PASSWORD") == SECRET
    )
    assert values.table(found, "volumes") == {"postgresql-data": None}


def test_sql_server_gets_a_password_that_it_takes_and_its_licence_is_a_decision(
    analyzed: Analyzed,
) -> None:
    source = "import os, pymssql\nfrom flask import Flask\napp = Flask(__name__)\n"
    reads = "who = os.environ['MSSQL_PASSWORD'], os.environ['MSSQL_URL']\n"
    found = analyzed({"app.py": source + reads, "requirements.txt": "flask\npymssql\ngunicorn\n"})
    text = compose_files(found)["compose.yaml"]

    server = values.table(yaml.safe_load(text), "services", "sqlserver", "environment")
    password = str(server["MSSQL_SA_PASSWORD"]).partition(":-")[2].removesuffix("}")
    kinds = (str.isupper, str.islower, str.isdigit, lambda c: not c.isalnum())
    assert len(password) >= 8
    assert all(any(kind(character) for character in password) for kind in kinds)
    shop = values.table(yaml.safe_load(text), "services", "shop", "environment")
    assert shop["MSSQL_PASSWORD"] == server["MSSQL_SA_PASSWORD"]
    assert f"sa:{shop['MSSQL_PASSWORD']}@sqlserver:1433" in str(shop["MSSQL_URL"])
    assert "# sqlserver: started with ACCEPT_EULA=Y" in text
    assert [e.rule for e in found.databases[0].evidence] == ["driver-and-url", "licence"]


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
        waits = values.dig(row, "depends_on") or []
        assert isinstance(waits, list | dict)
        assert set(waits) <= set(services)
    assert all(Path(path).parts[0] not in {"/", ".."} for path in files)


def test_the_parts_of_a_databases_address_are_told_by_their_names(analyzed: Analyzed) -> None:
    source = "import psycopg, os\n" + "".join(
        f"os.environ['{name}']\n"
        for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")
    )
    files = {"requirements.txt": "psycopg\n", "main.py": source}

    found = document(compose_files(analyzed(files)))

    assert values.table(found, "services", "shop", "environment") == {
        "PGHOST": "postgresql",
        "PGPORT": "5432",
        "PGUSER": "postgres",
        "PGPASSWORD": SECRET,
        "PGDATABASE": "postgres",
    }


def test_nobody_waits_for_what_was_left_out(analyzed: Analyzed) -> None:
    text = """services:
  web: {build: web, depends_on: [odd]}
  odd: {build: odd}
"""
    files = {"compose.yaml": text, "web/Dockerfile": "FROM x\n", "odd/mix.exs": ""}

    services = values.table(document(compose_files(analyzed(files))), "services")

    assert list(services) == ["web"]
    assert "depends_on" not in values.table(services, "web")


def test_two_sites_of_one_folder_keep_settings_of_their_own(analyzed: Analyzed) -> None:
    page = {"projectType": "application", "targets": {"build": {"executor": "@nx/vite:build"}}}
    files = compose_files(
        analyzed(
            {
                "nx.json": "{}",
                "package.json": "{}",
                "apps/a/project.json": json.dumps(page),
                "apps/b/project.json": json.dumps(page),
            }
        )
    )

    assert {".kyozo/a.nginx.conf", ".kyozo/b.nginx.conf"} <= set(files)
    assert "COPY .kyozo/b.nginx.conf /etc" in files[".kyozo/b.Dockerfile"]
    assert "node_modules" in files[".dockerignore"]


def test_an_own_dockerfile_is_named_from_its_context(analyzed: Analyzed) -> None:
    text = "services: {web: {build: {context: web, dockerfile: ../docker/web}}}"
    found = analyzed({"compose.yaml": text, "docker/web": "FROM x\n", "web/a.txt": ""})

    web = values.table(document(compose_files(found)), "services", "web")

    assert web["build"] == {"context": "./web", "dockerfile": "../docker/web"}
