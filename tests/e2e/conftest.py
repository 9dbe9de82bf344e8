"""One installation for all end-to-end tests; each test brings services of its own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Kyozo, installation
from tests.repository import ROOT
from tests.runner import run as runs

Folder = Callable[..., Path]


@pytest.fixture(scope="session")
def kyozo() -> Iterator[Kyozo]:
    with runs.begin() as run:
        kyozo = installation(run)
        # Whichever test comes first: some commands ask a platform that runs.
        assert kyozo("up", "--detach").code == 0
        yield kyozo


@pytest.fixture
def own_kyozo() -> Iterator[Kyozo]:
    """For tests that stop or kill the platform."""
    with runs.begin() as run:
        yield installation(run)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """`folder(name, "flask-hello")` is a copy of that example, `folder(name)` an empty folder."""

    def make(name: str, example: str = "") -> Path:
        place = tmp_path / name
        if example:
            shutil.copytree(ROOT / "examples" / example, place)
        else:
            place.mkdir()
        return place

    return make


@pytest.fixture
def site(folder: Folder) -> Callable[[str], Path]:
    """A folder with one page: the quickest thing there is to deploy."""

    def make(name: str) -> Path:
        place = folder(name)
        (place / "index.html").write_text("<h1>one</h1>\n", encoding="utf-8")
        return place

    return make
