"""One platform for all tests of the command, and the command run against it in this process."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kyozo.cli.main import main
from tests.factories import make_folder
from tests.running_platform import RunningPlatform


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Kyozo = Callable[..., Outcome]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    running = RunningPlatform.at(tmp_path_factory.mktemp("cli") / "home")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def kyozo(
    platform: RunningPlatform,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Kyozo:
    """`kyozo("ls", "--json")` runs the command as its owner would."""
    monkeypatch.setenv("KYOZO_HOME", str(platform.state.root))
    return runner(capsys)


@pytest.fixture
def alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Kyozo:
    """The command on a machine where no platform ever ran."""
    monkeypatch.setenv("KYOZO_HOME", str(tmp_path / "nowhere"))
    return runner(capsys)


def runner(capsys: pytest.CaptureFixture[str]) -> Kyozo:
    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        status = main(list(arguments))
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return run


@pytest.fixture
def app(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with one small web app, of a name that no other test uses."""
    name = request.node.name.replace("_", "-").lower()[-40:].strip("-[]")
    return make_folder(tmp_path, name)


@pytest.fixture
def service(kyozo: Kyozo, app: Path) -> Iterator[str]:
    """The name of a service that runs; removed afterwards."""
    deployed = kyozo("deploy", str(app), "--yes", "--json")
    assert deployed.status == 0, deployed.err
    name = str(deployed.json["services"][0]["name"])
    yield name
    kyozo("rm", name, "--yes")
