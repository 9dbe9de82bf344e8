"""The state folder and what lies in it."""

import stat
from pathlib import Path

import pytest

from kyozo.platform import credentials
from kyozo.platform.credentials import Profile
from kyozo.platform.state import StateDir, read_json, write_private


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    made = StateDir(tmp_path / "home")
    made.create()
    return made


def test_the_folder_is_taken_from_others_even_when_it_was_there(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    StateDir(tmp_path).create()

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_the_secret_key_is_made_once(state: StateDir) -> None:
    first = state.ensure_secret_key().read_text()

    assert state.ensure_secret_key().read_text() == first
    assert len(first) > 40


def test_a_private_file_is_replaced_whole_and_stays_private(state: StateDir) -> None:
    target = state.root / "note"
    write_private(target, "one")
    write_private(target, "two")

    assert target.read_text() == "two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(state.root.iterdir()) == [target]


@pytest.mark.parametrize("damage", ["", "{", "[1]", "null"])
def test_a_damaged_file_counts_as_empty(state: StateDir, damage: str) -> None:
    state.credentials.write_text(damage)

    assert read_json(state.credentials) == {}
    assert credentials.load(state, "local") is None


def test_profiles_do_not_disturb_each_other(state: StateDir) -> None:
    here = Profile("http://127.0.0.1:7070", "a", "1")
    there = Profile("https://kyozo.example.com", "b", "2")
    credentials.save(state, "local", here)
    credentials.save(state, there.url, there)

    assert credentials.load(state, "local") == here
    assert credentials.load(state, there.url) == there
