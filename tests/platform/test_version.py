"""The digest that tells an old process from a new command."""

from pathlib import Path

import pytest

from kyozo.platform import version


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(version, "ROOT", tmp_path)
    (tmp_path / "kyozo").mkdir()
    code = tmp_path / "kyozo" / "code.py"
    code.write_text("1")
    return code


def digest() -> str:
    version.digest.cache_clear()
    found = version.digest()
    version.digest.cache_clear()
    return found


def test_it_changes_with_the_code(source: Path) -> None:
    before = digest()
    source.write_text("2")

    assert digest() != before


def test_it_does_not_change_with_time_or_what_is_not_code(source: Path) -> None:
    before = digest()
    source.touch()
    (source.parent / "note.log").write_text("x")

    assert digest() == before


def test_the_version_is_that_of_the_project() -> None:
    version.version.cache_clear()

    assert version.version().count(".") == 2
