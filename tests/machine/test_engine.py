"""Where an engine is looked for, and what is said when the one that was chosen does not answer."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kyozo.machine.engine import find_engine, ping
from kyozo.machine.errors import EngineUnreachableError

Start = Callable[[Path], str]


def test_the_usual_socket_is_found(short: Path, engine_at: Start) -> None:
    url = engine_at(short / "docker.sock")

    engine = find_engine({}, default_socket=short / "docker.sock")

    assert engine is not None
    assert (engine.url, engine.version, engine.api_version) == (url, "20.10.24", "1.41")
    assert engine.is_local


def test_docker_host_wins_over_the_usual_socket(short: Path, engine_at: Start) -> None:
    engine_at(short / "docker.sock")
    other = engine_at(short / "other.sock")

    engine = find_engine({"DOCKER_HOST": other}, default_socket=short / "docker.sock")

    assert engine is not None
    assert (engine.url, engine.source) == (other, "DOCKER_HOST")


def test_the_current_context_of_the_command_line_is_followed(short: Path, engine_at: Start) -> None:
    url = engine_at(short / "context.sock")
    meta = short / "contexts" / "meta" / hashlib.sha256(b"mine").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": url}}}))
    (short / "config.json").write_text('{"currentContext": "mine"}')

    engine = find_engine({"DOCKER_CONFIG": str(short)}, default_socket=short / "none")

    assert engine is not None
    assert (engine.url, engine.source) == (url, "docker context mine")


def test_a_rootless_engine_is_found_when_there_is_no_other(short: Path, engine_at: Start) -> None:
    engine_at(short / "docker.sock")

    engine = find_engine({"XDG_RUNTIME_DIR": str(short)}, default_socket=short / "none")

    assert engine is not None
    assert engine.source == "the rootless socket"


def test_no_engine_at_all_is_not_an_error(short: Path) -> None:
    assert find_engine({}, default_socket=short / "none") is None


def test_an_engine_chosen_by_name_must_answer(short: Path, engine_at: Start) -> None:
    engine_at(short / "docker.sock")
    dead = f"unix://{short}/dead.sock"

    with pytest.raises(EngineUnreachableError) as raised:
        find_engine({"DOCKER_HOST": dead}, default_socket=short / "docker.sock")

    assert dead in raised.value.message
    assert "DOCKER_HOST" in raised.value.fix


def test_an_unknown_context_says_how_to_choose_another(short: Path) -> None:
    with pytest.raises(EngineUnreachableError) as raised:
        find_engine({"DOCKER_CONFIG": str(short), "DOCKER_CONTEXT": "gone"})

    assert "docker context use" in raised.value.fix


@pytest.mark.parametrize(
    "url", ["unix://", "tcp://127.0.0.1:1", "gopher://x", "unix:///etc/passwd"]
)
def test_an_address_that_is_no_engine_is_unreachable(url: str) -> None:
    with pytest.raises(EngineUnreachableError):
        ping(url, "a test")
