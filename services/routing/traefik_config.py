"""Traefik's two configurations as plain data: static (what it listens to), dynamic (the routes).

There is no passive health check on purpose: Traefik counts an application's own 500 as a failed
server, so one broken page would take every instance out and all pages with it. Refused and cut
connections are retried instead, and a dead instance leaves the table as soon as its engine says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.routing.certificate import Certificate
from services.routing.settings import RouterSettings
from services.routing.table import Route, RouteTable

WEB = "web"
API_HOST = "127.0.0.1"
REVISION = "revision"
REVISION_HEADER = "X-Kyozo-Revision"
RETRIES = ["retry-cut", "retry-refused"]

# Longer than one lost SYN (1 s), shorter than the kernel's wait for an address that is gone (3 s).
DIAL_TIMEOUT = "1500ms"
# Shorter than the keep-alive of common servers (2 to 5 s): nothing is sent into a closing
# connection, and an instance that left the table has no idle connection to it for long.
IDLE_TO_INSTANCE = "1500ms"
# For a whole request with its body: slow uploads may take this long.
READ_TIMEOUT = "30m"


@dataclass(frozen=True, slots=True)
class Listener:
    """What one router process listens to. `web_port` 0: host ports only."""

    web_port: int
    ports: tuple[int, ...]

    def entry_points(self) -> dict[str, int]:
        ports = {port_entry_point(port): port for port in self.ports}
        return {WEB: self.web_port, **ports} if self.web_port else ports


def port_entry_point(port: int) -> str:
    return f"port-{port}"


def service_key(service_id: str) -> str:
    return f"service-{service_id}"


def static_config(
    settings: RouterSettings, listener: Listener, *, api_port: int, routes: Path
) -> dict[str, Any]:
    public = {name: _entry_point(settings, port) for name, port in listener.entry_points().items()}
    config: dict[str, Any] = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "ERROR", "noColor": True},
        # Read-only by nature: every path of this API answers GET alone.
        "api": {"insecure": True, "dashboard": False, "disableDashboardAd": True},
        "ping": {"entryPoint": "traefik"},
        "entryPoints": {"traefik": {"address": f"{API_HOST}:{api_port}"}, **public},
        "serversTransport": {
            "forwardingTimeouts": {
                "dialTimeout": DIAL_TIMEOUT,
                "responseHeaderTimeout": "0s",
                "idleConnTimeout": IDLE_TO_INSTANCE,
            }
        },
        "providers": {
            "providersThrottleDuration": "100ms",
            "file": {"filename": str(routes), "watch": True},
        },
    }
    if settings.metrics:
        config["metrics"] = {"prometheus": {"entryPoint": "traefik", "addServicesLabels": True}}
    return config


def _entry_point(settings: RouterSettings, port: int) -> dict[str, Any]:
    host = f"[{settings.host_ip}]" if ":" in settings.host_ip else settings.host_ip
    return {
        "address": f"{host}:{port}",
        "reusePort": True,
        # Rules look at hosts only, so a path is passed on as it came; a ; would become a &.
        "http": {"sanitizePath": False, "encodeQuerySemicolons": True},
        "transport": {
            "lifeCycle": {"graceTimeOut": f"{settings.stop_grace_s}s"},
            "respondingTimeouts": {"readTimeout": READ_TIMEOUT, "writeTimeout": "0s"},
        },
    }


def dynamic_config(
    table: RouteTable,
    listener: Listener,
    *,
    revision: int,
    certificate: Certificate,
    retries: bool = True,
) -> dict[str, Any]:
    """Only what `listener` can serve. The unused middleware tells through the API what was read."""
    routers: dict[str, Any] = {}
    services: dict[str, Any] = {}
    for route in table.routes:
        mine = routers_of(route, listener, retries=retries)
        if mine:
            routers.update(mine)
            services[service_key(route.service_id)] = {"loadBalancer": _load_balancer(route)}
    files = {"certFile": str(certificate.certificate), "keyFile": str(certificate.key)}
    return {
        "tls": {"stores": {"default": {"defaultCertificate": files}}},
        "http": {
            "middlewares": {**_retries(), **_revision(revision)},
            # An empty map would be refused, and the whole file with it.
            **({"routers": routers, "services": services} if routers else {}),
        },
    }


def routers_of(route: Route, listener: Listener, *, retries: bool = True) -> dict[str, Any]:
    key = service_key(route.service_id)
    common: dict[str, Any] = {"service": key, **({"middlewares": RETRIES} if retries else {})}
    routers: dict[str, Any] = {
        f"{key}-{port_entry_point(port)}": {
            "entryPoints": [port_entry_point(port)],
            "rule": "PathPrefix(`/`)",
            **common,
        }
        for port in route.host_ports
        if port in listener.ports
    }
    if route.hosts and listener.web_port:
        rule = " || ".join(f"Host(`{host}`)" for host in route.hosts)
        routers[f"{key}-{WEB}"] = {"entryPoints": [WEB], "rule": rule, **common}
    return routers


def _load_balancer(route: Route) -> dict[str, Any]:
    balancer: dict[str, Any] = {
        "servers": [{"url": backend.url} for backend in sorted(route.backends)],
        "passHostHeader": True,
    }
    if route.sticky:
        # Cookies do not know ports: the name keeps services on one host apart.
        name = f"kyozo_{route.service_id}"
        balancer["sticky"] = {"cookie": {"name": name, "httpOnly": True, "sameSite": "lax"}}
    return balancer


def _retries() -> Mapping[str, Any]:
    """Refused: nothing was sent, so any method may go elsewhere. Cut: only what is safe to repeat.

    Traefik itself repeats an answered 502 for idempotent methods only; each middleware keeps to its
    own case, so that an application's own 502 is asked for twice at most.
    """
    return {
        "retry-refused": {"retry": {"attempts": 6, "initialInterval": "5ms"}},
        "retry-cut": {
            "retry": {"attempts": 2, "status": ["502"], "disableRetryOnNetworkError": True}
        },
    }


def _revision(revision: int) -> Mapping[str, Any]:
    return {REVISION: {"headers": {"customRequestHeaders": {REVISION_HEADER: str(revision)}}}}
