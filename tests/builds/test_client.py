"""Which docker client builds, and how a long command is followed and ended."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.builds.client import (
    BuildClient,
    ClientMissingError,
    CommandFailedError,
    CommandTimeoutError,
    DockerCli,
    find_client,
    follow,
)
from services.errors import CancelledError, EngineUnreachableError


def client(folder: Path, version: str, *, buildx: str = "") -> str:
    """A docker program of a version, with or without the plugin."""
    folder.mkdir()
    answer = f"echo github.com/docker/buildx {buildx}" if buildx else "exit 1"
    program = folder / "docker"
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = buildx ]; then {answer}; else echo Docker version {version}; fi\n'
    )
    program.chmod(0o755)
    return str(folder)


def test_a_new_client_without_buildx_is_passed_over(tmp_path: Path) -> None:
    path = f"{client(tmp_path / 'a', '28.2.2, build x')}:{client(tmp_path / 'b', '20.10.24+dfsg1')}"

    found = find_client({"PATH": path})

    assert (found.path, found.kind) == (tmp_path / "b" / "docker", "builtin")
    assert found.version == "20.10.24"


def test_buildx_is_preferred_wherever_it_stands(tmp_path: Path) -> None:
    new = client(tmp_path / "b", "28.2.2", buildx="v0.24.0")
    path = f"{client(tmp_path / 'a', '20.10.24')}:{new}"

    found = find_client({"PATH": path})

    assert (found.kind, found.version) == ("buildx", "0.24.0")
    assert found.build_command("-")[1:] == ["buildx", "build", "-"]


def test_without_a_client_that_builds_it_is_said_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ClientMissingError) as raised:
        find_client({"PATH": client(tmp_path / "a", "28.2.2")})

    assert str(tmp_path / "a" / "docker") in raised.value.message
    assert "apt-get install docker.io" in raised.value.fix


def test_every_call_names_the_engine_and_its_own_builder(tmp_path: Path) -> None:
    found = find_client({"PATH": client(tmp_path / "a", "20.10.24")})

    environment = found.environment({"DOCKER_CONTEXT": "other"}, engine_url="unix:///x.sock")

    assert environment["DOCKER_HOST"] == "unix:///x.sock"
    assert environment["DOCKER_BUILDKIT"] == "1"
    assert "DOCKER_CONTEXT" not in environment


def running(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-uc", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def test_lines_arrive_while_the_program_runs() -> None:
    lines: list[str] = []

    follow(
        running("print('a'); print('b')"), log=lines.append, cancelled=lambda: False, timeout_s=9
    )

    assert lines == ["a", "b"]


def test_a_failure_shows_the_last_words() -> None:
    with pytest.raises(CommandFailedError, match="no space left"):
        follow(
            running("print('no space left'); raise SystemExit(3)"),
            log=lambda _: None,
            cancelled=lambda: False,
            timeout_s=9,
        )


def test_an_engine_that_is_away_is_no_answer(tmp_path: Path) -> None:
    place = tmp_path / "docker"
    place.write_text("#!/bin/sh\necho Cannot connect to the Docker daemon at x >&2\nexit 1\n")
    place.chmod(0o755)
    docker = DockerCli(BuildClient(place, "builtin", "20.10.24"))

    with pytest.raises(EngineUnreachableError):
        docker.query("image", "inspect", "x", accept=(0, 1))
    with pytest.raises(EngineUnreachableError):
        docker.pull("x", log=lambda _: None, cancelled=lambda: False)


def test_cancelling_ends_the_program() -> None:
    process = running("import time; time.sleep(60)")
    began = time.monotonic()

    with pytest.raises(CancelledError):
        follow(process, log=lambda _: None, cancelled=lambda: True, timeout_s=60)

    assert process.poll() is not None
    assert time.monotonic() - began < 10


def test_a_program_that_takes_too_long_is_ended() -> None:
    process = running("while True: print('y')")

    with pytest.raises(CommandTimeoutError):
        follow(process, log=lambda _: None, cancelled=lambda: False, timeout_s=0.3)

    assert process.poll() is not None
