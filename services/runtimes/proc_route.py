"""Reads /proc/net/route: which subnets this machine already sends somewhere."""

import ipaddress
import sys
from collections.abc import Iterator

HEADING = "Iface"


def holder(subnet: str, table: str) -> str | None:
    """The interface that a route inside the subnet leads to; a wider route would lose to ours."""
    wanted = ipaddress.IPv4Network(subnet)
    return next((name for name, route in routes(table) if route.subnet_of(wanted)), None)


def routes(table: str) -> Iterator[tuple[str, ipaddress.IPv4Network]]:
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 8 or fields[0] == HEADING:
            continue
        address, mask = _address(fields[1]), _address(fields[7])
        yield fields[0], ipaddress.IPv4Network(f"{address}/{mask}", strict=False)


def _address(digits: str) -> ipaddress.IPv4Address:
    """The kernel prints the address in the machine's own byte order."""
    packed = bytes.fromhex(digits)
    return ipaddress.IPv4Address(packed[::-1] if sys.byteorder == "little" else packed)
