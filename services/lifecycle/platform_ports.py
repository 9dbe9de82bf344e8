"""What no service is given: the platform's own ports, and addresses that its owner did not name.

A service on `[::1]:7070` would be what browsers show for `localhost:7070`: they try that one first.
"""

from django.conf import settings

from services.errors import InvalidError
from services.lifecycle.engine import router


def own_ports() -> set[int]:
    config = settings.KYOZO
    return {config["PORT"], config["OUTSIDE_PORT"], *router().own_ports}


def check_port(port: int) -> None:
    """On any address and in any protocol: none of them is looked at."""
    if port in own_ports():
        complaint = f"port {port} is the platform's own"
        raise InvalidError(
            complaint,
            code="port.in_use",
            details={"port_mappings": [complaint]},
            fix="choose another host_port, or leave it out to get a free one",
        )


def is_allowed(host_ip: str) -> bool:
    """Where nothing was said a port listens at `KYOZO_HOST_IP`, which needs no permission."""
    return host_ip in {"", settings.KYOZO["HOST_IP"], *settings.KYOZO["HOST_IPS"]}


def check_host_ip(host_ip: str) -> None:
    if is_allowed(host_ip):
        return
    complaint = f"host_ip: {host_ip} is not among the addresses that services may listen at"
    raise InvalidError(
        complaint,
        details={"port_mappings": [complaint]},
        fix="leave host_ip out, or have KYOZO_HOST_IPS list the address",
    )
