"""Which repositories may be asked for, and where: an address becomes a typed, checked form."""

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from services.errors import InvalidError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PORTS = {"https": 443, "ssh": 22}
MOST = 2000
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
_USER = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}"
_PATH = r"[A-Za-z0-9_~][A-Za-z0-9._~+@%/-]*"
_URL = re.compile(rf"(?:https://|ssh://(?:{_USER}@)?){_HOST}(?::[0-9]{{1,5}})?/{_PATH}")
_SHORT = re.compile(rf"(?P<user>{_USER})@(?P<host>{_HOST}):(?P<path>{_PATH})")
# What git calls a good name of a branch or tag, and no `-` in front, where it would be an option.
_REF = re.compile(r"(?!-|/|.*(?:\.\.|//|@\{|/\.|\.lock(?:/|$)|\.$|/$))[A-Za-z0-9._/+@#=,-]{1,250}")
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Repository:
    """`url` is what git is given; `host` and `port` are where it may connect. A local one has
    neither."""

    url: str
    scheme: Literal["https", "ssh", "file"]
    host: str = ""
    port: int = 0

    @property
    def site(self) -> str:
        """The part of the address that credentials are for."""
        return f"https://{self.host}:{self.port}/"


def parse(url: str) -> Repository:
    """https://host/path, ssh://user@host/path or user@host:path. Nothing else is an address."""
    if short := _SHORT.fullmatch(url[:MOST]):
        return Repository(url, "ssh", short["host"], PORTS["ssh"])
    if len(url) > MOST or not _URL.fullmatch(url) or ".." in url.split("/"):
        raise refused(
            "is not an address of the form https://host/path, ssh://user@host/path or "
            "user@host:path, without a password in it"
        )
    parts = urlsplit(url)
    scheme: Literal["https", "ssh"] = "https" if parts.scheme == "https" else "ssh"
    try:
        port = parts.port or PORTS[scheme]
    except ValueError as exc:
        raise refused("has a port that is none") from exc
    return Repository(url, scheme, parts.hostname or "", port)


def check_ref(ref: str) -> str:
    if ref and not _REF.fullmatch(ref):
        raise InvalidError(
            "that is no name of a branch, a tag or a commit",
            code="git.bad_ref",
            details={"ref": ["must be a branch, a tag or all 40 digits of a commit"]},
        )
    return ref


def reachable(repository: Repository, allowed: Sequence[Network]) -> list[str]:
    """The addresses to connect to: public, or in a network that the settings allow. Looked up once,
    so that a name which changes its mind meanwhile changes nothing."""
    try:
        found = socket.getaddrinfo(repository.host, repository.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise InvalidError(
            f"the host {repository.host} is not known here",
            code="git.unreachable",
            details={"url": ["its host has no address"]},
        ) from exc
    addresses = [_plain(str(row[4][0])) for row in found]
    if any(not _is_open(address, allowed) for address in addresses):
        raise refused(
            "leads to a private address",
            fix="use a public server, or allow its network in KYOZO_GIT_NETWORKS",
        )
    return [str(address) for address in sorted(addresses, key=lambda one: one.version)]


def _plain(text: str) -> Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _is_open(address: Address, allowed: Sequence[Network]) -> bool:
    is_public = address.is_global and not address.is_multicast
    return is_public or any(address in network for network in allowed)


def refused(problem: str, *, fix: str = "") -> InvalidError:
    return InvalidError(
        f"the address of the repository {problem}",
        code="git.url_refused",
        details={"url": [problem]},
        fix=fix or "give an address such as https://github.com/owner/name",
    )
