"""The stat index: quick where nothing changed, never wrong where something did."""

import json
import os
import time
from pathlib import Path

import pytest

from services.sources import scan
from services.sources.ignore import Ignore
from services.sources.index import StatIndex
from services.sources.snapshot import read_content, snapshot

OLD = time.time() - 3600


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "app"
    made.mkdir()
    (made / "a.txt").write_text("one")
    return made


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour later by the clock: nothing in the folder is racy any more."""
    now = time.time_ns
    monkeypatch.setattr("services.sources.index.time.time_ns", lambda: now() + 3600 * 10**9)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files whose bytes were really read."""
    names: list[str] = []
    real = scan.ReadOnly.file

    def noting(
        self: scan.ReadOnly, name: str, source: int, status: os.stat_result, sha: str | None
    ) -> str:
        names.append(name)
        return real(self, name, source, status, sha)

    monkeypatch.setattr(scan.ReadOnly, "file", noting)
    return names


def digest(folder: Path, cache: Path) -> str:
    return read_content(folder, ignore=Ignore(), index=StatIndex.load(cache)).digest


@pytest.mark.usefixtures("settled")
def test_an_unchanged_folder_is_not_read_again(
    folder: Path, tmp_path: Path, reads: list[str]
) -> None:
    first = digest(folder, tmp_path / "index")
    second = digest(folder, tmp_path / "index")

    assert first == second
    assert reads == ["a.txt"]


@pytest.mark.usefixtures("settled")
def test_a_change_of_equal_size_with_its_time_put_back_is_seen(
    folder: Path, tmp_path: Path
) -> None:
    os.utime(folder / "a.txt", (OLD, OLD))
    first = digest(folder, tmp_path / "index")

    (folder / "a.txt").write_text("two")
    os.utime(folder / "a.txt", (OLD, OLD))

    assert digest(folder, tmp_path / "index") != first


def test_a_file_changed_just_now_is_not_trusted(
    folder: Path, tmp_path: Path, reads: list[str]
) -> None:
    digest(folder, tmp_path / "index")
    digest(folder, tmp_path / "index")

    assert reads == ["a.txt", "a.txt"]


@pytest.mark.usefixtures("settled")
def test_the_copy_uses_and_feeds_the_same_index(
    folder: Path, tmp_path: Path, reads: list[str]
) -> None:
    big = os.urandom(1024) * 2048
    (folder / "big").write_bytes(big)
    cache = tmp_path / "index"
    first = snapshot(folder, tmp_path / "1", ignore=Ignore(), index=StatIndex.load(cache))
    second = snapshot(folder, tmp_path / "2", ignore=Ignore(), index=StatIndex.load(cache))

    assert first.digest == second.digest == digest(folder, cache)
    assert (tmp_path / "2/big").read_bytes() == big
    assert reads == []


@pytest.mark.usefixtures("settled")
def test_removed_files_leave_the_index(folder: Path, tmp_path: Path) -> None:
    (folder / "b.txt").touch()
    digest(folder, tmp_path / "index")
    (folder / "b.txt").unlink()
    digest(folder, tmp_path / "index")

    assert list(json.loads((tmp_path / "index").read_bytes())["files"]) == ["a.txt"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 0}', '{"version":1,"files":3}'])
def test_a_damaged_index_is_an_empty_one(folder: Path, tmp_path: Path, damage: str) -> None:
    (tmp_path / "index").write_text(damage)

    assert digest(folder, tmp_path / "index") == digest(folder, tmp_path / "other")
