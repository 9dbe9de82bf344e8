"""Where a person reaches a service."""

from dataclasses import dataclass

from django.conf import settings

from services.lifecycle.engine import router
from services.lifecycle.routes import host_name
from services.models import Service


@dataclass(frozen=True, slots=True)
class ServiceUrl:
    """`kind`: "port" works in every program, "host" in those that resolve *.localhost."""

    url: str
    kind: str


def urls(service: Service) -> list[ServiceUrl]:
    """The service's addresses; empty for one without an HTTP port."""
    bound = settings.KYOZO["HOST_IP"]
    host = "127.0.0.1" if bound in {"0.0.0.0", "127.0.0.1"} else bound  # noqa: S104 - compared only
    http = [row for row in service.given_ports if row.is_http and not row.is_replaced]
    found = [ServiceUrl(f"http://{host}:{row.port}", "port") for row in http]
    if http:
        found.append(ServiceUrl(f"http://{host_name(service)}:{router().web_port}", "host"))
    return found
