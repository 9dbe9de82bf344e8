"""A folder made of a dict: path -> text."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from detection import Analysis, analyze

Folder = Callable[[Mapping[str, str]], Path]
Analyzed = Callable[..., Analysis]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    root = tmp_path / "shop"

    def make(files: Mapping[str, str]) -> Path:
        root.mkdir(exist_ok=True)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    return make


@pytest.fixture
def analyzed(folder: Folder) -> Analyzed:
    def look(files: Mapping[str, str], **overrides: object) -> Analysis:
        return analyze(folder(files), overrides=overrides)

    return look
