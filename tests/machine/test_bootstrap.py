"""bin/kyozo makes the environment once, in one piece, and then stays out of the way."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

# A Python whose `-m venv` makes a folder with an interpreter that only counts what pip is asked.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
    *version_info*) exit {too_old} ;;
    *ensurepip*) exit {no_venv} ;;
    --version) echo "Python 3.9.2" ;;
    "-m venv "*)
        mkdir -p "$3/bin"
        cp "$0" "$3/bin/python" ;;
    *"-m pip install"*)
        echo installed >> "$COUNT"
        {pip} ;;
    *"-m kyozo.cli"*) shift 3; printf '%s|' "$@" ;;
    *) cat > /dev/null ;;
esac
"""


class Checkout:
    """A copy of the script in a folder with a space in its name, and a Python of our own making."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a checkout"
        self.bin = folder / "programs"
        self.count = folder / "count"
        (self.root / "bin").mkdir(parents=True)
        (self.root / "requirements").mkdir()
        (self.root / "requirements" / "runtime.txt").write_text("django==5.2\n")
        shutil.copy(ROOT / "bin" / "kyozo", self.root / "bin" / "kyozo")
        self.bin.mkdir()
        for name in (
            "sh",
            "cat",
            "cp",
            "mkdir",
            "mv",
            "rm",
            "readlink",
            "sha256sum",
            "flock",
            "id",
        ):
            (self.bin / name).symlink_to(str(shutil.which(name)))
        self.python()

    def python(self, *, too_old: int = 0, no_venv: int = 0, pip: str = ":") -> None:
        text = FAKE_PYTHON.format(too_old=too_old, no_venv=no_venv, pip=pip)
        path = self.bin / "python3"
        path.write_text(text)
        path.chmod(0o755)

    def run(
        self, *arguments: str, program: Path | None = None, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program or self.root / "bin" / "kyozo"), *arguments],
            env={"PATH": str(self.bin), "COUNT": str(self.count), **environ},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def installs(self) -> int:
        return len(self.count.read_text().split()) if self.count.exists() else 0


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_first_run_says_what_it_does_and_the_next_ones_are_silent(checkout: Checkout) -> None:
    first = checkout.run("status")
    second = checkout.run("deploy", "a b", "$HOME")

    assert "first start: installing Python packages" in first.stderr
    assert (second.stdout, second.stderr) == ("deploy|a b|$HOME|", "")
    assert checkout.installs == 1


def test_a_changed_lock_is_installed_anew(checkout: Checkout) -> None:
    checkout.run("status")
    (checkout.root / "requirements" / "runtime.txt").write_text("django==5.3\n")

    assert "the lock changed" in checkout.run("status").stderr
    assert checkout.installs == 2


def test_a_moved_checkout_gets_a_new_environment(checkout: Checkout, tmp_path: Path) -> None:
    checkout.run("status")
    checkout.root = checkout.root.rename(tmp_path / "elsewhere")

    assert "the folder moved" in checkout.run("status").stderr
    assert checkout.installs == 2


def test_an_environment_of_bin_test_will_do(checkout: Checkout) -> None:
    checkout.run("status")
    venv = checkout.root / ".venv"
    (venv / ".kyozo-runtime").rename(venv / ".kyozo-dev")

    assert checkout.run("status").stderr == ""
    assert checkout.installs == 1


def test_a_failed_installation_leaves_nothing_half_made(checkout: Checkout) -> None:
    checkout.python(pip="echo 'no route to the index' >&2; exit 1")

    failed = checkout.run("status")

    assert failed.returncode == 1
    assert "no route to the index" in failed.stderr
    assert [path.name for path in checkout.root.glob(".venv*") if path.is_dir()] == []


def test_a_killed_installation_is_done_again(checkout: Checkout) -> None:
    checkout.python(pip='[ -e "$COUNT.again" ] || { : > "$COUNT.again"; kill -9 $PPID; }')
    checkout.run("status")

    again = checkout.run("status")

    assert again.returncode == 0
    assert checkout.installs == 2


def test_two_runs_at_once_install_once(checkout: Checkout) -> None:
    checkout.python(pip="/bin/sleep 0.5")
    environ = {"PATH": str(checkout.bin), "COUNT": str(checkout.count)}
    command = [str(checkout.root / "bin" / "kyozo"), "status"]
    runs = [
        subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]

    said = [run.communicate()[1] for run in runs]

    assert checkout.installs == 1
    assert sum(b"another run is installing" in words for words in said) == 1


def test_a_link_to_it_works_from_anywhere(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("a checkout/bin/kyozo")
    (tmp_path / "second link").symlink_to(tmp_path / "link")

    assert checkout.run("x", program=tmp_path / "second link").stdout == "x|"


def test_an_old_python_is_named(checkout: Checkout) -> None:
    checkout.python(too_old=1)

    refused = checkout.run("status")

    assert refused.returncode == 1
    assert "needs Python 3.11 or newer; found Python 3.9.2" in refused.stderr


@pytest.mark.parametrize("how", ["option", "variable"])
def test_installing_the_venv_module_can_be_forbidden(checkout: Checkout, how: str) -> None:
    checkout.python(no_venv=1)
    (checkout.bin / "apt-get").symlink_to("/bin/false")
    if how == "option":
        refused = checkout.run("up", "--no-install")
    else:
        refused = checkout.run("up", KYOZO_NO_INSTALL="1")

    assert refused.returncode == 1
    assert "installing is forbidden" in refused.stderr
    assert "sudo apt-get update && sudo apt-get install -y python3-venv" in refused.stderr


def test_another_place_for_the_environment_can_be_named(checkout: Checkout, tmp_path: Path) -> None:
    checkout.run("status", KYOZO_VENV=str(tmp_path / "deep" / "venv"))

    assert (tmp_path / "deep" / "venv" / ".kyozo-runtime").exists()
    assert not (checkout.root / ".venv").exists()


def test_the_script_is_plain_sh() -> None:
    checked = subprocess.run(
        ["/bin/sh", "-n", str(ROOT / "bin" / "kyozo")], capture_output=True, check=False
    )

    assert checked.returncode == 0
    assert os.access(ROOT / "bin" / "kyozo", os.X_OK)
