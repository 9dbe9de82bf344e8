"""A folder's content as a list of entries and the one digest over names, modes, links and bytes."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.sources.limits import LeftOut

Kind = Literal["directory", "file", "link"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`value` is a file's sha256, a link's target, nothing for a directory."""

    path: str
    kind: Kind
    executable: bool = False
    value: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a folder, without a copy of it."""

    digest: str
    files: int
    bytes: int
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A clean copy of a folder at `path`."""

    path: Path
    digest: str
    files: int
    bytes: int
    left_out: tuple[LeftOut, ...]


def sha_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_of(entries: Iterable[Entry]) -> str:
    """The same for the same content, whatever order the file system lists it in."""
    total = hashlib.sha256(b"kyozo-tree-1\0")
    for path, entry in sorted((os.fsencode(entry.path), entry) for entry in entries):
        mode = b"x" if entry.executable else b"-"
        parts = (entry.kind.encode(), mode, path, os.fsencode(entry.value))
        total.update(b"\0".join(parts) + b"\0\0")
    return total.hexdigest()
