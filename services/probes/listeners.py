"""What an app listens on against what it should: the reason for a refused connection."""

import ipaddress
from collections.abc import Sequence

NOT_YET = "listens on no port yet"


def explain_listeners(listening: Sequence[tuple[str, int]], *, expected: int) -> str:
    """Empty when the expected port is open to others; `listening` is what the runtime sees."""
    if not listening:
        return f"the app {NOT_YET}, expected {expected}"
    addresses = [address for address, port in listening if port == expected]
    if not addresses:
        ports = sorted({port for _, port in listening})
        where = ", ".join(map(str, ports))
        return f"the app listens on {where}, expected {expected}: deploy with --port {ports[0]}"
    if all(ipaddress.ip_address(address).is_loopback for address in addresses):
        return (
            f"the app listens on {addresses[0]}:{expected} only; "
            "it must listen on 0.0.0.0 (many take HOST=0.0.0.0)"
        )
    return ""
