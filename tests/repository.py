"""What belongs to this repository, for the tests that check its files as files."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("kyozo", "services", "detection")
_LEFT_BY_TOOLS = {".git", ".venv", "__pycache__", "node_modules", "results", "build", "dist"}
_CORPUS = ROOT / "tests" / "detection" / "examples"  # folders as other people write them


def files(*patterns: str, under: str = ".") -> Iterator[Path]:
    """Every file of ours whose name matches, without what tools and builds leave behind."""
    for folder, folders, names in os.walk(ROOT / under):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if _is_ours(here / name))
        for name in sorted(names):
            if any((here / name).match(pattern) for pattern in patterns):
                yield here / name


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _is_ours(folder: Path) -> bool:
    name = folder.name
    # The build room of services is called builds; a folder called build is what a packager leaves.
    return not (name in _LEFT_BY_TOOLS or name.endswith("_cache") or folder == _CORPUS)
