"""A real sshd on this machine that lets one key read repositories, and nothing else."""

import getpass
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

SSHD = "/usr/sbin/sshd"
SEPARATION = Path("/run/sshd")  # sshd of root wants it, and only an init script makes it
CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin forced-commands-only
PidFile none
LogLevel VERBOSE
"""
START_S = 20.0


@dataclass(frozen=True, slots=True)
class Pair:
    private: str
    public: str


def make_key(*, passphrase: str = "") -> Pair:
    key = ed25519.Ed25519PrivateKey.generate()
    lock: KeySerializationEncryption = NoEncryption()
    if passphrase:
        lock = BestAvailableEncryption(passphrase.encode())
    # PKCS 8 is the one with a passphrase that needs no further package.
    form = PrivateFormat.PKCS8 if passphrase else PrivateFormat.OpenSSH
    private = key.private_bytes(Encoding.PEM, form, lock).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return Pair(private, public)


@dataclass(slots=True)
class SshServer:
    """`host` is its own key, `guest` the deploy key that it lets in."""

    folder: Path
    port: int
    host: Pair = field(default_factory=make_key)
    guest: Pair = field(default_factory=make_key)
    _process: "subprocess.Popen[bytes] | None" = None

    def url(self, repository: Path) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{repository}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def start(self) -> None:
        if os.geteuid() == 0:
            SEPARATION.mkdir(mode=0o755, exist_ok=True)
        (self.folder / "host").unlink(missing_ok=True)
        (self.folder / "host").touch(mode=0o600)
        (self.folder / "host").write_text(self.host.private)
        shell = 'command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"",restrict'
        (self.folder / "authorized").write_text(f"{shell} {self.guest.public}\n")
        config = self.folder / "config"
        config.write_text(CONFIG.format(port=self.port, folder=self.folder))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=log)
        self._await()

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()

    def restart(self, *, host: Pair) -> None:
        """As another server in its place would look."""
        self.stop()
        self.host = host
        self.start()

    def _await(self) -> None:
        ends_at = time.monotonic() + START_S
        while time.monotonic() < ends_at:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as there:
                if there.recv(4) == b"SSH-":
                    return
            time.sleep(0.05)
        raise AssertionError(f"sshd did not start:\n{self.log}")


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    folder.mkdir(mode=0o700)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = SshServer(folder, port)
    try:
        server.start()
        yield server
    finally:
        server.stop()
