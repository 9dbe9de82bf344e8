"""Reads /proc/<pid>/net/tcp and tcp6: who listens where, how many connections are open."""

import ipaddress
import sys
from collections.abc import Iterator
from dataclasses import dataclass

ESTABLISHED = 0x01
LISTEN = 0x0A
# The engine's own name server lives in every container's network namespace.
ENGINE_DNS = "127.0.0.11"


@dataclass(frozen=True, slots=True)
class Socket:
    address: str
    port: int
    state: int


def sockets(text: str) -> Iterator[Socket]:
    """The local ends of all sockets; IPv4 addresses mapped into IPv6 are written as IPv4."""
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 4 or ":" not in fields[1]:
            continue
        address, _, port = fields[1].partition(":")
        yield Socket(_address(address), int(port, 16), int(fields[3], 16))


def established(text: str, address: str, port: int) -> int:
    """Connections that others have open to address:port."""
    return sum(
        one.state == ESTABLISHED and one.port == port and one.address == address
        for one in sockets(text)
    )


def listeners(text: str) -> list[tuple[str, int]]:
    """Where something accepts connections, without the engine's name server."""
    found = {
        (one.address, one.port)
        for one in sockets(text)
        if one.state == LISTEN and one.address != ENGINE_DNS
    }
    return sorted(found, key=lambda one: (one[1], one[0]))


def listens_on_loopback(text: str, port: int) -> bool:
    """True when the port is served on a loopback address and on no other."""
    addresses = [address for address, listened in listeners(text) if listened == port]
    return bool(addresses) and all(is_loopback(address) for address in addresses)


def is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def _address(digits: str) -> str:
    """The kernel prints each 32-bit word in the machine's own byte order."""
    words = [bytes.fromhex(digits[at : at + 8]) for at in range(0, len(digits), 8)]
    if sys.byteorder == "little":
        words = [word[::-1] for word in words]
    packed = b"".join(words)
    if len(packed) == 4:
        return str(ipaddress.IPv4Address(packed))
    address = ipaddress.IPv6Address(packed)
    return str(address.ipv4_mapped or address)
