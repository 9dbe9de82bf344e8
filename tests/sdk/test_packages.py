"""Wheel and sdist: built and installed without a network, and used with nothing else around."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from tests.repository import ROOT

SDK = ROOT / "sdk" / "python"
# What `dependencies` and `build-system` of the package lead to, and nothing else.
NEEDED = ("httpx", "httpcore", "h11", "anyio", "certifi", "idna", "typing_extensions")
BUILD = ("flit-core",)

USE = """
import asyncio, sys, kyozo_sdk
from kyozo_sdk import AsyncKyozoAPI, ConnectionFailedError, KyozoAPI, Retry

once = Retry(attempts=1)
with KyozoAPI("t", "team", "http://127.0.0.1:1/api/v1", retry=once) as api:
    try:
        api.services.list()
    except ConnectionFailedError as exc:
        print(exc.code)

async def ask():
    async with AsyncKyozoAPI("t", "team", "http://127.0.0.1:1/api/v1", retry=once) as api:
        try:
            await api.services.list()
        except ConnectionFailedError as exc:
            print(exc.code)

asyncio.run(ask())
print(kyozo_sdk.__version__, "websockets" in sys.modules, sys.prefix in kyozo_sdk.__file__)
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Without a network that anything could come from, and without what the tests import."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both, made from a copy of the sources."""
    place = tmp_path_factory.mktemp("built")
    shutil.copytree(SDK, place / "sdk", ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    script = "import flit_core.buildapi as b; b.build_wheel('..'); b.build_sdist('..')"
    run(sys.executable, "-c", script, cwd=place / "sdk")
    return place


def files_of(found: Distribution) -> Iterator[tuple[Path, str]]:
    for file in found.files or []:
        if ".." not in file.parts and "__pycache__" not in file.parts:
            yield Path(str(found.locate_file(file))), str(file)


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A Python environment with what the package says it needs, and pip."""
    run(sys.executable, "-m", "venv", "environment", cwd=tmp_path)
    site = next((tmp_path / "environment" / "lib").glob("python*/site-packages"))
    for name in (*NEEDED, *BUILD):
        for source, target in files_of(distribution(name)):
            (site / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, site / target)
    return tmp_path / "environment"


@pytest.mark.parametrize("kind", ["whl", "tar.gz"])
@pytest.mark.timeout(180)
def test_it_installs_in_an_empty_environment_and_works(
    built: Path, empty: Path, tmp_path: Path, kind: str
) -> None:
    package = next(built.glob(f"*.{kind}"))
    python = empty / "bin" / "python"

    run(python, "-m", "pip", "install", "--no-build-isolation", package, cwd=tmp_path)
    run(python, "-m", "pip", "check", cwd=tmp_path)

    said = run(python, "-c", USE, cwd=tmp_path).split()
    assert said == ["connection_failed", "connection_failed", "0.1.0", "False", "True"]


def test_what_is_in_them(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        in_wheel = set(wheel.namelist())
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        in_sdist = {name.partition("/")[2] for name in sdist.getnames()}

    modules = {str(path.relative_to(SDK)) for path in SDK.glob("kyozo_sdk/**/*.py")}
    assert modules | {"kyozo_sdk/py.typed"} == {n for n in in_wheel if "dist-info" not in n}
    assert {"README.md", "LICENSE", "pyproject.toml"} | modules <= in_sdist


def test_the_licence_is_that_of_the_whole() -> None:
    assert (SDK / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
