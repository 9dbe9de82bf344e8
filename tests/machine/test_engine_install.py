"""Without an engine one is installed where that is allowed; else the exact command is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kyozo.machine.engine_install import MARKER, EngineSetup, is_ours
from kyozo.machine.engine_start import Daemon
from kyozo.machine.errors import EngineMissingError


def setup(daemon: Daemon, *, is_root: bool = True, **environ: str) -> EngineSetup:
    state = daemon.socket.parent / "state"
    return EngineSetup(state, {"PATH": "", **environ}, print, daemon=daemon, is_root=is_root)


def test_an_engine_that_answers_is_used_as_it_is(
    daemon: Daemon, engine_at: Callable[[Path], str]
) -> None:
    url = engine_at(daemon.socket)

    assert setup(daemon).ensure().url == url
    assert not is_ours(url, state_dir=daemon.socket.parent / "state")


def test_installing_can_be_forbidden(daemon: Daemon) -> None:
    with pytest.raises(EngineMissingError) as raised:
        setup(daemon, KYOZO_NO_INSTALL="1").ensure()

    assert raised.value.error_code == "machine.install_forbidden"
    assert "apt-get install -y --no-install-recommends docker.io iptables" in raised.value.fix


def test_an_ordinary_user_is_told_what_root_must_type(daemon: Daemon) -> None:
    with pytest.raises(EngineMissingError) as raised:
        setup(daemon, is_root=False).ensure()

    assert "sudo apt-get" in raised.value.fix


def test_an_ordinary_user_is_told_how_to_start_an_installed_engine(
    daemon: Daemon, program_named: Callable[[str, str], Path]
) -> None:
    program_named("dockerd", "")

    with pytest.raises(EngineMissingError) as raised:
        setup(daemon, is_root=False).ensure()

    assert "systemctl start docker" in raised.value.fix


def test_only_the_marked_local_engine_is_ours(tmp_path: Path) -> None:
    (tmp_path / MARKER).touch()

    assert is_ours("unix:///var/run/docker.sock", state_dir=tmp_path)
    assert not is_ours("tcp://127.0.0.1:2375", state_dir=tmp_path)
