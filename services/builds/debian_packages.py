"""Installs Debian packages on this machine: as root or through sudo, never without saying so."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.builds.client import Cancelled, CommandFailedError, Log, follow
from services.errors import BuildError

LISTS = Path("/var/lib/apt/lists")
# What dpkg has not finished; while a file named by digits is there, apt-get refuses to install.
UPDATES = Path("/var/lib/dpkg/updates")
APT_TIMEOUT_S = 600
# A fresh machine often updates itself at first: its package manager is waited for.
LOCK_WAIT_S = 120
# A question about a changed configuration file would end at once for want of someone to answer.
REPAIR = ["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"]
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", "LC_ALL": "C.UTF-8"}


class InstallForbiddenError(BuildError):
    code = "machine.install_forbidden"


class InstallImpossibleError(BuildError):
    code = "machine.install_impossible"


def install(
    packages: Sequence[str],
    *,
    environ: Mapping[str, str],
    log: Log,
    cancelled: Cancelled = lambda: False,
) -> None:
    """Install by apt-get; package lists are fetched when there are none or they are out of date.

    What a killed apt-get left half-way on this machine is finished first, as it asks for itself.
    """
    prefix = _privilege(packages, environ)

    def run(command: list[str]) -> None:
        _run([*prefix, *command], environ, log=log, cancelled=cancelled)

    log(f"installing {' '.join(packages)} with apt-get")
    if not any(LISTS.glob("*_Packages*")):
        run(_apt("update"))
    command = _apt("install", "-y", "--no-install-recommends", *packages)
    try:
        run(command)
    except CommandFailedError:
        if _was_interrupted():
            log(f"dpkg was interrupted here before; finishing it: {' '.join(REPAIR)}")
            run(REPAIR)
        run(_apt("update"))
        run(command)


def command_for(packages: Sequence[str]) -> str:
    """What a person types to do the same."""
    names = " ".join(packages)
    return f"sudo apt-get update && sudo apt-get install -y --no-install-recommends {names}"


def is_forbidden(environ: Mapping[str, str]) -> bool:
    return environ.get("KYOZO_NO_INSTALL", "") not in {"", "0"}


def _privilege(packages: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """How apt-get is started here: plainly, through sudo, or not at all."""
    fix = f"Run: {command_for(packages)}"
    wanted = f"needed: {' '.join(packages)}"
    if is_forbidden(environ):
        raise InstallForbiddenError(f"{wanted}; but installing is forbidden here", fix=fix)
    if not Path("/usr/bin/apt-get").exists():
        raise InstallImpossibleError(
            f"{wanted}; but this machine has no apt-get",
            fix="Install them by this system's own means and try again.",
        )
    if os.geteuid() == 0:
        return []
    if _sudo_allows():
        return ["sudo", "-n", "--preserve-env=" + ",".join(QUIET)]
    raise InstallImpossibleError(f"{wanted}; but only root can install", fix=fix)


def _sudo_allows() -> bool:
    try:
        answer = subprocess.run(
            ["sudo", "-n", "true"], capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _was_interrupted() -> bool:
    return any(path.name.isdigit() for path in UPDATES.glob("*"))


def _apt(*arguments: str) -> list[str]:
    return ["apt-get", "-q", "-o", f"DPkg::Lock::Timeout={LOCK_WAIT_S}", *arguments]


def _run(command: list[str], environ: Mapping[str, str], *, log: Log, cancelled: Cancelled) -> None:
    process = subprocess.Popen(
        command,
        env={**environ, **QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    follow(process, log=log, cancelled=cancelled, timeout_s=APT_TIMEOUT_S)
