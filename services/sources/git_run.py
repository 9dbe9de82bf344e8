"""One git command in a world of its own: no configuration, hooks, prompts or other protocols."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from services.errors import InvalidError

LOOK_S = 0.1
MAX_OUTPUT = 64 * 1024
NO_SSH = "there is no ssh on this machine"
# Which words of git's mean which of our codes; the first that fits.
MEANINGS = (
    ("git.missing", (NO_SSH,)),
    ("git.host_key_changed", ("remote host identification has changed",
                              "host key verification failed")),
    ("git.auth_failed", ("authentication failed", "could not read username", "permission denied",
                         "returned error: 401", "returned error: 403",
                         "terminal prompts disabled")),
    ("git.ref_not_found", ("couldn't find remote ref", "not our ref", "unadvertised object")),
    ("git.not_found", ("repository not found", "not found", "does not appear to be a git",
                       "does not exist", "returned error: 404")),
    ("git.moved", ("unable to update url base from redirection", "returned error: 30")),
    ("git.unreachable", ("could not resolve", "failed to connect", "connection refused",
                         "connection timed out", "unable to access", "network is unreachable",
                         "could not read from remote", "certificate")),
)  # fmt: skip
FIXES = {
    "git.missing": "install an ssh client where the platform runs: apt-get install openssh-client",
    "git.host_key_changed": "ask whoever runs the server whether its key was changed, then give the"
    " fingerprint of the new one as `host_key` in a refresh",
    "git.auth_failed": "give a token or a deploy key that may read the repository",
    "git.ref_not_found": "name a branch, a tag or all 40 digits of a commit that are there",
    "git.not_found": "check the address; a private repository needs a token or a deploy key",
    "git.moved": "give the address that the repository has now",
    "git.unreachable": "check the address, and whether this machine reaches the server",
}


@dataclass(frozen=True, slots=True)
class GitLimits:
    seconds: float = 300
    bytes: int = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Git:
    """Runs in `scratch`, which is removed afterwards. `config` travels in the environment: neither
    arguments, which everybody on the machine can read, nor files hold a token."""

    scratch: Path
    protocol: str
    limits: GitLimits
    ends_at: float
    config: Mapping[str, str] = field(default_factory=dict)
    ssh: Path | None = None  # the program that git calls as ssh

    def run(self, *arguments: str) -> str:
        with (self.scratch / "out").open("wb") as out, (self.scratch / "err").open("wb") as err:
            process = self._start(arguments, out, err)
        with _ended(process):
            self._wait(process)
        if process.returncode:
            raise failure(self._said("err"))
        return self._said("out")

    def _start(
        self, arguments: tuple[str, ...], out: IO[bytes], err: IO[bytes]
    ) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                ["git", *arguments],
                cwd=self.scratch,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except FileNotFoundError as exc:
            raise InvalidError(
                "there is no git on this machine",
                code="git.missing",
                fix="install git where the platform runs: apt-get install git",
            ) from exc

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        while process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_S)
            self._check()

    def _check(self) -> None:
        if time.monotonic() > self.ends_at:
            raise InvalidError(
                f"the repository did not come within {self.limits.seconds:g} s",
                code="git.timeout",
                fix="try again; a repository of that size may need an archive instead",
            )
        if _size(self.scratch) > self.limits.bytes:
            raise InvalidError(
                "the repository is larger than is allowed",
                code="git.too_large",
                fix="deploy from a smaller repository, or send an archive of the folder",
            )

    def _said(self, name: str) -> str:
        with (self.scratch / name).open("rb") as file:
            return file.read(MAX_OUTPUT).decode(errors="replace")

    def _environment(self) -> dict[str, str]:
        fixed = {
            "core.hooksPath": os.devnull,
            "core.attributesFile": os.devnull,
            "credential.helper": "",
            "fetch.fsckObjects": "true",
            "http.followRedirects": "false",
            "http.lowSpeedLimit": "100",
            "http.lowSpeedTime": "30",
            "http.proxy": "",
            "protocol.allow": "never",
            f"protocol.{self.protocol}.allow": "always",
            "submodule.recurse": "false",
            "gc.auto": "0",
        }
        settings = [*fixed.items(), *self.config.items()]
        numbered = {f"GIT_CONFIG_KEY_{n}": key for n, (key, _) in enumerate(settings)}
        numbered |= {f"GIT_CONFIG_VALUE_{n}": value for n, (_, value) in enumerate(settings)}
        return {
            "PATH": f"/usr/local/bin:{os.defpath}",
            "HOME": str(self.scratch),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": str(len(settings)),
            "GIT_ALLOW_PROTOCOL": self.protocol,
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_SSH": str(self.ssh or "/bin/false"),
            "GIT_SSH_VARIANT": "ssh",
            **numbered,
        }


def failure(said: str) -> InvalidError:
    """git's last words, and what they mean."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if "fatal:" in line), lines[-1] if lines else "")
    words = said.lower()
    code = next((c for c, signs in MEANINGS if any(sign in words for sign in signs)), "git.failed")
    return InvalidError(
        f"git could not read the repository: {last[:300]}", code=code, fix=FIXES.get(code, "")
    )


@contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """git has helpers; all of them go with it."""
    try:
        yield
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _size(folder: Path) -> int:
    total = 0
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(here, name).lstat().st_size
            except FileNotFoundError:
                continue
    return total
