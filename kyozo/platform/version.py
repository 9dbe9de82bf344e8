"""What this installation is: its version, and a digest of its source to tell an old process by."""

import hashlib
from functools import lru_cache
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("kyozo", "services", "detection", "templates")
SUFFIXES = {".py", ".html", ".css", ".js", ".svg", ".Dockerfile", ".toml", ".json"}


@lru_cache(maxsize=1)
def version() -> str:
    """The version of the project file beside the source, else of the installed package."""
    project = ROOT / "pyproject.toml"
    if project.is_file():
        for line in project.read_text(encoding="utf-8").splitlines():
            if line.startswith("version = "):
                return line.split('"')[1]
    return metadata.version("kyozo")


@lru_cache(maxsize=1)
def digest() -> str:
    """By content, not by time: a checkout of the same code again is the same code."""
    total = hashlib.blake2b(digest_size=8)
    for path in sorted(_sources()):
        total.update(str(path.relative_to(ROOT)).encode(errors="surrogateescape"))
        total.update(path.read_bytes())
    return total.hexdigest()


def _sources() -> list[Path]:
    return [
        path
        for part in PARTS
        for path in (ROOT / part).rglob("*")
        if path.suffix in SUFFIXES and path.is_file()
    ]
