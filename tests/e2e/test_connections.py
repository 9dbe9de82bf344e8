"""Services that nobody told how to reach each other: a page, a store, its database."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import Kyozo, get

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

Folder = Callable[..., Path]

PAGE = """
import os
import urllib.request

from flask import Flask

app = Flask(__name__)


@app.get("/")
def page() -> str:
    with urllib.request.urlopen(os.environ["STORE_URL"] + "/row", timeout=5) as answer:
        return "the store says: " + answer.read().decode()
"""
STORE = """
import os

import psycopg
from flask import Flask

app = Flask(__name__)


@app.get("/")
def health() -> str:
    return "here"


@app.get("/row")
def row() -> str:
    with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=3) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
        connection.execute("INSERT INTO notes SELECT 'kept' WHERE NOT EXISTS (SELECT FROM notes)")
        found = connection.execute("SELECT text, current_user FROM notes").fetchone()
    return " ".join(found or ())
"""
COMPOSE = """
services:
  page:
    build: ./page
    depends_on: [store]
  store:
    build: ./store
    depends_on: [ledger]
  ledger:
    image: postgres:15
    environment:
      POSTGRES_USER: keeper
      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}
    volumes: [data:/var/lib/postgresql/data]
volumes:
  data:
"""


def write_app(place: Path, code: str, *packages: str) -> None:
    place.mkdir(exist_ok=True)
    (place / "app.py").write_text(code, encoding="utf-8")
    requirements = "\n".join(("flask", "gunicorn", *packages))
    (place / "requirements.txt").write_text(requirements + "\n", encoding="utf-8")


def test_a_compose_file_without_addresses_and_passwords_is_enough(
    kyozo: Kyozo, folder: Folder
) -> None:
    place = folder("connected")
    write_app(place / "page", PAGE)
    write_app(place / "store", STORE, "psycopg[binary]")
    (place / "compose.yaml").write_text(COMPOSE, encoding="utf-8")

    done = kyozo.deploy(place)

    assert "gets STORE_URL=http://store:" in done.out
    assert "gets DATABASE_URL=postgresql://keeper:****@ledger:5432/keeper" in done.out
    assert get(kyozo.url("page")).text == "the store says: kept keeper"
    shown = kyozo("env", "ls", "ledger", "--json").json
    assert "POSTGRES_PASSWORD" in json.dumps(shown)
    assert "unchanged" in kyozo.deploy(place).said


def test_a_database_that_only_the_code_speaks_of_is_added_on_request(
    kyozo: Kyozo, folder: Folder
) -> None:
    place = folder("lonely")
    write_app(place, STORE, "psycopg[binary]")

    without = kyozo.deploy(place)
    kyozo.deploy(place, "--with-databases")

    assert "postgresql is skipped: lonely reads DATABASE_URL" in without.said
    assert "--with-databases" in without.said
    assert get(kyozo.url("lonely"), "/row").text == "kept postgres"
