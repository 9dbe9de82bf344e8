"""git over ssh: a deploy key that is a file only while git runs, and a server known by its key.

A server is met once without the deploy key, and the key that it shows then is the only one that is
good from there on; a caller keeps it for the next time, or says beforehand which it must be.
"""

import base64
import binascii
import hashlib
import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from services.errors import InvalidError
from services.sources.git_address import Repository
from services.sources.git_run import NO_SSH, Git

KINDS = (ed25519.Ed25519PrivateKey, ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)
_LINE = re.compile(r"(?P<kind>[a-z0-9@.-]{1,64}) (?P<key>[A-Za-z0-9+/]{16,8192}={0,2})")


@dataclass(frozen=True, slots=True)
class HostKey:
    """`known` is the key of an earlier time, as `KIND BASE64`; `wanted` the fingerprint that a
    person says it must have now, whatever it had before."""

    known: str = ""
    wanted: str = ""


def fingerprint(key: str) -> str:
    """SHA256:..., as ssh-keygen and the sites of providers write it; empty for what is no key."""
    found = _LINE.fullmatch(key)
    try:
        blob = base64.b64decode(found["key"], validate=True) if found else b""
    except binascii.Error:
        return ""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}" if blob else ""


def read_key(text: str) -> str:
    """A private key in the one form that every ssh reads. One with a passphrase cannot be used,
    because nobody is there to type it."""
    data = "\n".join(line.strip() for line in text.strip().splitlines()).encode() + b"\n"
    load = load_ssh_private_key if b"BEGIN OPENSSH" in data else load_pem_private_key
    try:
        key = load(data, password=None)
    except TypeError as exc:
        raise _bad_key("has a passphrase", "make one without: ssh-keygen -t ed25519 -N ''") from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise _bad_key("is not a private key that can be read") from exc
    if not isinstance(key, KINDS):
        raise _bad_key("is of a kind that servers do not take any more")
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def _bad_key(problem: str, fix: str = "") -> InvalidError:
    return InvalidError(
        f"the deploy key {problem}",
        code="git.bad_key",
        details={"deploy_key": [problem]},
        fix=fix or "give the whole private key, such as the file id_ed25519",
    )


def over_ssh(
    git: Git, repository: Repository, address: str, *, key: str, host: HostKey
) -> tuple[Git, str]:
    """`git` with the deploy key and one key of the server that is good, and that key. Without one
    from before the server is met first."""
    server = host.known if not host.wanted or fingerprint(host.known) == host.wanted else ""
    if not server:
        server = _met(git, repository, address)
    if host.wanted and fingerprint(server) != host.wanted:
        raise _other_key(repository, server, host.wanted)
    (git.scratch / "known_hosts").write_text(f"{repository.host} {server}\n")
    if key:
        (git.scratch / "key").touch(mode=0o600)
        (git.scratch / "key").write_text(read_key(key))
    return replace(git, ssh=write_ssh(git.scratch, address, repository.host)), server


def changed(git: Git, repository: Repository, address: str, known: str) -> InvalidError:
    """What to say when a server does not show the key that it had: which one it shows now."""
    shown = ""
    with suppress(InvalidError):
        shown = _met(git, repository, address)
    return _other_key(repository, shown, fingerprint(known))


def _other_key(repository: Repository, shown: str, wanted: str) -> InvalidError:
    now = fingerprint(shown)
    return InvalidError(
        f"{repository.host} shows another host key than it should: "
        f"{now or 'none of that kind'} instead of {wanted}",
        code="git.host_key_changed",
        details={"host_key": [f"is {now}" if now else "is not known"]},
        fix="somebody may stand in between: ask whoever runs the server. If the new key is right, "
        f'refresh the workspace with {{"host_key": "{now or "SHA256:..."}"}}, or `kyozo deploy` it '
        f"with --git-host-key {now or 'SHA256:...'}",
    )


def _met(git: Git, repository: Repository, address: str) -> str:
    """The key that a server shows, without a name, a key or a password given to it."""
    met = git.scratch / "met"
    met.unlink(missing_ok=True)
    asks = write_ssh(git.scratch, address, repository.host, meets=True)
    refused: InvalidError | None = None
    try:
        replace(git, ssh=asks).run("ls-remote", "--quiet", "--", repository.url, "HEAD")
    except InvalidError as exc:
        refused = exc
    line = met.read_text(errors="replace").strip() if met.exists() else ""
    _, _, server = line.partition("\n")[0].partition(" ")
    if not fingerprint(server):
        raise refused or InvalidError(f"{repository.host} shows no key", code="git.unreachable")
    return server


def write_ssh(scratch: Path, address: str, name: str, *, meets: bool = False) -> Path:
    """The program that git calls as ssh: ours, with options that nobody else can set. git would run
    a command with options through a shell, but not a program. With `meets` it takes the key of any
    server, and has nothing to show for itself."""
    key = scratch / "key"
    options = {
        "BatchMode": "yes",
        "CheckHostIP": "no",
        "ClearAllForwardings": "yes",
        "ConnectTimeout": "20",
        "GlobalKnownHostsFile": os.devnull,
        "HashKnownHosts": "no",
        "HostKeyAlias": name,
        "HostName": address,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "IdentityFile": _path(key) if key.exists() and not meets else "none",
        "PermitLocalCommand": "no",
        "PreferredAuthentications": "none" if meets else "publickey",
        "ProxyCommand": "none",
        "ServerAliveCountMax": "3",
        "ServerAliveInterval": "10",
        "StrictHostKeyChecking": "accept-new" if meets else "yes",
        "UpdateHostKeys": "no",
        "UserKnownHostsFile": _path(scratch / ("met" if meets else "known_hosts")),
    }
    words = ["ssh", "-F", os.devnull, *(f"-o{name}={value}" for name, value in options.items())]
    program = scratch / ("ssh-meets" if meets else "ssh")
    program.unlink(missing_ok=True)
    program.touch(mode=0o700)
    program.write_text(
        f"#!{sys.executable} -IS\nimport os, sys\n"
        f"try:\n    os.execvp('ssh', {words!r} + sys.argv[1:])\n"
        f"except FileNotFoundError:\n    sys.exit({NO_SSH!r})\n"
    )
    return program


def _path(path: Path) -> str:
    """ssh takes several files in one option, and puts host and user where it finds a %."""
    return '"' + str(path).replace("%", "%%") + '"'
