"""The database is copied before a new version changes it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kyozo.platform import database
from tests.running_platform import RunningPlatform


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kyozo.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE note (text)")
        db.execute("INSERT INTO note VALUES ('kept')")
        db.commit()
    return path


def test_a_copy_holds_what_is_still_in_the_write_ahead_log(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("INSERT INTO note VALUES ('late')")
        writer.commit()
        copy = database.copy(file, tmp_path / "backups")

    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("SELECT text FROM note").fetchall() == [("kept",), ("late",)]


def test_only_the_last_three_copies_are_kept(file: Path, tmp_path: Path) -> None:
    made = [database.copy(file, tmp_path / "backups") for _ in range(5)]

    assert sorted((tmp_path / "backups").iterdir()) == made[2:]


@pytest.mark.timeout(120)
def test_a_start_with_pending_migrations_copies_first(platform: RunningPlatform) -> None:
    platform.state.create()
    with closing(sqlite3.connect(platform.state.root / "kyozo.sqlite3")) as db:
        db.execute("CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app, name, applied)")
        db.execute("INSERT INTO django_migrations VALUES (1, 'gone', '0001', '2026-01-01')")
        db.commit()

    platform.start()

    assert len(list(platform.state.backups.iterdir())) == 1


@pytest.mark.timeout(120)
def test_a_first_start_has_nothing_to_copy(platform: RunningPlatform) -> None:
    platform.start()

    assert not platform.state.backups.exists()
