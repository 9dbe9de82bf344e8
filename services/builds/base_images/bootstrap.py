"""A bare Debian as an image, made from this machine's own package sources by mmdebstrap."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from services.builds.base_images.recipes import BOOTSTRAP_PACKAGES, DOCKERFILES
from services.builds.base_images.tools import CODENAMES
from services.builds.client import Cancelled, Log, follow
from services.builds.debian_packages import install
from services.errors import BuildError

PROGRAM = "mmdebstrap"
TIMEOUT_S = 600
QUERY_TIMEOUT_S = 30
SOURCE = re.compile(r"^(?P<uri>\S+)\|(?P<suite>\S+)\|(?P<component>\S+)\|Debian$", re.MULTILINE)
APT_SETTING = re.compile(
    r'^(Acquire::(?:Check-Valid-Until|Check-Date|ForceIPv[46]|https?::Proxy) "[^"@]*";)$',
    re.MULTILINE,
)


class BootstrapError(BuildError):
    code = "image.no_debian_source"


def bootstrap(
    debian: str,
    target: IO[bytes],
    *,
    environ: Mapping[str, str],
    log: Log,
    cancelled: Cancelled,
) -> None:
    """Write a root file system of Debian `debian` (12, 13) as a tar to `target`."""
    sources = _sources(CODENAMES[debian])
    if os.geteuid() != 0:
        raise BootstrapError(
            "making base images without an image registry needs root",
            fix="Run as root, or make an image registry reachable.",
        )
    if shutil.which(PROGRAM, path=environ.get("PATH")) is None:
        install([PROGRAM], environ=environ, log=log, cancelled=cancelled)
    process = subprocess.Popen(
        _command(CODENAMES[debian], sources),
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=target,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    follow(process, log=_steps_only(log), cancelled=cancelled, timeout_s=TIMEOUT_S)


def _steps_only(log: Log) -> Log:
    """mmdebstrap redraws a progress bar between its steps."""

    def step(line: str) -> None:
        if line.startswith("I: "):
            log(line.removeprefix("I: "))

    return step


def _command(codename: str, sources: list[str]) -> list[str]:
    options = [f"--aptopt={setting.rstrip(';')}" for setting in _apt_settings()]
    return [
        PROGRAM,
        "--variant=apt",
        "--format=tar",
        f"--include={','.join(BOOTSTRAP_PACKAGES)}",
        "--dpkgopt=force-unsafe-io",
        *options,
        f"--customize-hook={DOCKERFILES / 'files' / 'slim-rootfs'}",
        codename,
        "-",
        *sources,
    ]


def _sources(codename: str) -> list[str]:
    """This machine's Debian mirrors as source lines for `codename`."""
    own = platform.freedesktop_os_release().get("VERSION_CODENAME", "") if _is_linux() else ""
    lines = []
    for match in SOURCE.finditer(
        _ask("apt-get", "indextargets", "--format", _format(), "Created-By: Packages")
    ):
        if own and match["suite"].startswith(own) and match["component"] == "main":
            suite = codename + match["suite"].removeprefix(own)
            lines.append(f"deb {match['uri']} {suite} main")
    if not lines:
        raise BootstrapError(
            "this machine has no source of Debian packages to make base images from",
            fix="Let an image registry be reached (KYOZO_IMAGE_MIRROR names one), or use Debian.",
        )
    return list(dict.fromkeys(lines))


def _format() -> str:
    return "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"


def _apt_settings() -> list[str]:
    """Settings without which apt in an image would not get through as apt here does."""
    return APT_SETTING.findall(_ask("apt-config", "dump"))


def _is_linux() -> bool:
    return Path("/etc/os-release").exists()


def _ask(*command: str) -> str:
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=QUERY_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout
