"""What apt-get is asked for, and what a machine is brought out of on the way."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from services.builds import debian_packages
from services.builds.client import CommandFailedError

Install = Callable[[], list[str]]

# As the real one: it refuses while dpkg is not done, and writes down what it was asked for.
APT = """#!/bin/sh
echo "apt-get $*" >> "$CALLS"
for argument; do
    if [ "$argument" = install ] && [ -n "$(ls "$UPDATES")" ]; then
        echo "E: dpkg was interrupted"
        exit 100
    fi
done
"""
DPKG = """#!/bin/sh
echo "dpkg $*" >> "$CALLS"
rm -f "$UPDATES"/*
"""


@pytest.fixture
def updates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "updates"
    folder.mkdir()
    monkeypatch.setattr(debian_packages, "UPDATES", folder)
    monkeypatch.setattr(debian_packages, "_privilege", lambda packages, environ: [])
    return folder


@pytest.fixture
def apt_and_dpkg(tmp_path: Path, updates: Path) -> Install:
    """Install one package; the commands that ran, without the options of each."""
    (tmp_path / "bin").mkdir()
    for name, text in (("apt-get", APT), ("dpkg", DPKG)):
        program = tmp_path / "bin" / name
        program.write_text(text)
        program.chmod(0o755)
    environ = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "UPDATES": str(updates),
    }

    def install() -> list[str]:
        debian_packages.install(["redis-server"], environ=environ, log=lambda _: None)
        return (tmp_path / "calls").read_text().splitlines()

    return install


def test_one_call_where_all_is_well(apt_and_dpkg: Install, updates: Path) -> None:

    assert [call.split()[-1] for call in apt_and_dpkg() if "install" in call] == ["redis-server"]


def test_a_dpkg_that_was_killed_is_finished_first(apt_and_dpkg: Install, updates: Path) -> None:
    (updates / "0004").touch()

    calls = [call for call in apt_and_dpkg() if not call.endswith(" update")]

    assert [call.split()[0] for call in calls] == ["apt-get", "dpkg", "apt-get"]
    assert calls[1] == "dpkg --force-confdef --force-confold --configure -a"


def test_a_package_manager_at_work_is_waited_for(apt_and_dpkg: Install) -> None:
    assert all("DPkg::Lock::Timeout=120" in call for call in apt_and_dpkg())


def test_what_fails_again_is_said(apt_and_dpkg: Install, updates: Path, tmp_path: Path) -> None:
    (updates / "0004").touch()
    (tmp_path / "bin" / "dpkg").write_text("#!/bin/sh\necho no space left\nexit 1\n")

    with pytest.raises(CommandFailedError, match="no space left"):
        apt_and_dpkg()
