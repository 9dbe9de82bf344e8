"""Installs Debian packages on this machine: as root or through sudo, never without saying so."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.builds.client import Cancelled, CommandFailedError, Log, follow
from services.errors import BuildError

LISTS = Path("/var/lib/apt/lists")
APT_TIMEOUT_S = 600
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
    """Install by apt-get; package lists are fetched when there are none or they are out of date."""
    prefix = _privilege(packages, environ)
    log(f"installing {' '.join(packages)} with apt-get")
    if not any(LISTS.glob("*_Packages*")):
        _apt(prefix, ["update"], environ, log=log, cancelled=cancelled)
    command = ["install", "-y", "--no-install-recommends", *packages]
    try:
        _apt(prefix, command, environ, log=log, cancelled=cancelled)
    except CommandFailedError:
        _apt(prefix, ["update"], environ, log=log, cancelled=cancelled)
        _apt(prefix, command, environ, log=log, cancelled=cancelled)


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


def _apt(
    prefix: list[str],
    arguments: list[str],
    environ: Mapping[str, str],
    *,
    log: Log,
    cancelled: Cancelled,
) -> None:
    process = subprocess.Popen(
        [*prefix, "apt-get", "-q", *arguments],
        env={**environ, **QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    follow(process, log=log, cancelled=cancelled, timeout_s=APT_TIMEOUT_S)
