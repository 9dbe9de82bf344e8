"""One walk over a folder: what lies where, and capped reads that never leave it."""

import os
import stat
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from detection.errors import NoFolderError
from detection.parsing import ParseError, parse_json, parse_toml, parse_yaml

T = TypeVar("T")

MAX_DEPTH = 12
MAX_FILES = 100_000
SOURCE_CAP = 64 * 1024
MANIFEST_CAP = 4 * 1024 * 1024
# Lock files are as large as a project's dependencies are many; their head says what we ask.
LOCK_FILES = frozenset(
    [
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "bun.lockb",
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "Pipfile.lock",
        "Gemfile.lock",
        "composer.lock",
        "Cargo.lock",
        "go.sum",
        "mix.lock",
        "deno.lock",
    ]
)

PRUNED = frozenset(
    [
        "node_modules",
        "bower_components",
        "jspm_packages",
        ".git",
        ".hg",
        ".svn",
        ".bzr",
        "vendor",
        "__pycache__",
        "site-packages",
        ".venv",
        "venv",
        ".virtualenv",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".eggs",
        ".next",
        ".nuxt",
        ".output",
        ".svelte-kit",
        ".angular",
        ".astro",
        ".cache",
        ".parcel-cache",
        ".turbo",
        ".vercel",
        ".netlify",
        ".gradle",
        ".mvn",
        ".idea",
        ".vscode",
        ".terraform",
        ".serverless",
        ".bundle",
        "coverage",
        "htmlcov",
        ".nyc_output",
        ".yarn",
        ".pnpm-store",
        ".kyozo",
        "Godeps",
        "_vendor",
        ".github",
        ".gitlab",
        ".circleci",
        ".husky",
        "__MACOSX",
    ]
)
# Results of a build, but only beside what builds them: elsewhere they are somebody's source.
PRUNED_BESIDE_MANIFEST = frozenset({"dist", "build", "out", "target", "_build", "deps", "obj"})
BUILD_MANIFESTS = frozenset(
    [
        "package.json",
        "Cargo.toml",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "pyproject.toml",
        "setup.py",
        "mix.exs",
        "build.sbt",
        "CMakeLists.txt",
        "project.clj",
    ]
)
VENV_MARKER = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class Directory:
    """The names of one folder, sorted; `folders` includes the pruned ones, `walked` does not."""

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    walked: tuple[str, ...] = ()


NOTHING = Directory()


@dataclass(slots=True)
class FolderIndex:
    """What one walk saw. Documents are read on demand, once, and parsed once."""

    root: Path
    tree: dict[str, Directory] = field(default_factory=dict)
    files_seen: int = 0
    files_pruned: int = 0
    problems: list[str] = field(default_factory=list)
    _texts: dict[tuple[str, int], str | None] = field(default_factory=dict)
    _parsed: dict[str, object] = field(default_factory=dict)

    def directory(self, path: str) -> Directory:
        return self.tree.get(path, NOTHING)

    def has(self, path: str) -> bool:
        parent, _, name = path.rpartition("/")
        return name in self.directory(parent or ".").files

    def text(self, path: str, *, cap: int = MANIFEST_CAP) -> str | None:
        """The file's text up to `cap` bytes, or None where there is no such readable file."""
        if path.rpartition("/")[2] in LOCK_FILES:
            cap = min(cap, SOURCE_CAP)
        key = (path, cap)
        if key not in self._texts:
            self._texts[key] = self._read(path, cap) if self.has(path) else None
        return self._texts[key]

    def source(self, path: str) -> str:
        return self.text(path, cap=SOURCE_CAP) or ""

    def json(self, path: str) -> object:
        return self._document(path, parse_json)

    def toml(self, path: str) -> object:
        return self._document(path, parse_toml)

    def yaml(self, path: str) -> object:
        return self._document(path, parse_yaml)

    def parsed(self, path: str, parse: Callable[[str], T]) -> T | None:
        """The document as `parse` reads it; a malformed one is a warning and None."""
        content = self.text(path)
        if content is None:
            return None
        try:
            return parse(content)
        except ParseError as exc:
            self.problems.append(f"{path} is ignored: {exc}")
            return None

    def _document(self, path: str, parse: Callable[[str], object]) -> object:
        if path not in self._parsed:
            self._parsed[path] = self.parsed(path, parse)
        return self._parsed[path]

    def _read(self, path: str, cap: int) -> str | None:
        try:
            data = _read_beneath(self.root, path, cap)
        except OSError:
            return None
        encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
        return data.decode(encoding, errors="replace")


def _read_beneath(root: Path, path: str, cap: int) -> bytes:
    """Open every component without following links, so a swap after the walk leads nowhere."""
    *parents, name = path.split("/")
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for parent in parents:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            deeper = os.open(parent, flags, dir_fd=here)
            os.close(here)
            here = deeper
        # O_NONBLOCK: a FIFO that took the file's place must not hold us up.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, dir_fd=here), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return b""
            return file.read(cap)
    finally:
        os.close(here)


def build_index(folder: Path) -> FolderIndex:
    if not folder.is_dir():
        raise NoFolderError(folder)
    index = FolderIndex(folder)
    # Level by level: what lies near the top is seen, whatever heap of files lies below it.
    waiting = deque([(".", 0)])
    while waiting and index.files_seen < MAX_FILES:
        path, depth = waiting.popleft()
        found = _list(index, path)
        if found is None:
            continue
        index.tree[path] = found
        index.files_seen += len(found.files)
        if depth >= MAX_DEPTH:
            index.files_pruned += len(found.walked)
            continue
        prefix = "" if path == "." else f"{path}/"
        waiting.extend((f"{prefix}{name}", depth + 1) for name in found.walked)
    index.files_pruned += len(waiting)
    if index.files_seen >= MAX_FILES:
        index.problems.append(f"stopped after {MAX_FILES} files: the rest was not looked at")
    return index


def _list(index: FolderIndex, path: str) -> Directory | None:
    """The folder's names, or None for a virtual environment and what cannot be read."""
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(f"{index.root}/{path}") as entries:
            for entry in entries:
                if not _is_plain(entry.name):
                    index.files_pruned += 1
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
    except OSError:
        return None
    if VENV_MARKER in files and path != ".":
        index.files_pruned += 1
        return None
    walked = sorted(_walked(folders, built=not BUILD_MANIFESTS.isdisjoint(files)))
    index.files_pruned += len(folders) - len(walked)
    return Directory(tuple(sorted(files)), tuple(sorted(folders)), tuple(walked))


def _walked(folders: list[str], *, built: bool) -> list[str]:
    kept = (name for name in folders if name not in PRUNED)
    return [name for name in kept if not (built and name in PRUNED_BESIDE_MANIFEST)]


def _is_plain(name: str) -> bool:
    """Names that are no text (surrogates) or hold control characters name nothing we look for."""
    return name.isprintable()
