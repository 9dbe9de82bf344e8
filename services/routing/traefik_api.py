"""What a running Traefik says about itself: alive, version, and the routes in use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

from services.routing.table import Route
from services.routing.traefik_config import (
    API_HOST,
    REVISION,
    REVISION_HEADER,
    Listener,
    routers_of,
    service_key,
)

PROVIDER = "@file"
TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class InUse:
    """Routers and services as the running configuration has them."""

    routers: Mapping[str, Any]
    services: Mapping[str, Any]

    def serves(self, route: Route, listener: Listener) -> bool:
        """Exactly the wanted servers, behind exactly the wanted rules and entry points."""
        key = service_key(route.service_id)
        wanted = routers_of(route, listener)
        if self._routers_of_service(key) != set(wanted):
            return False
        return not wanted or (
            self._servers(key) == {backend.url for backend in route.backends}
            and all(self._is_used(name, router) for name, router in wanted.items())
        )

    def service_ids(self) -> set[str]:
        prefix = service_key("")
        return {
            name.removeprefix(prefix).removesuffix(PROVIDER)
            for name in self.services
            if name.startswith(prefix) and name.endswith(PROVIDER)
        }

    def _routers_of_service(self, key: str) -> set[str]:
        return {
            name.removesuffix(PROVIDER)
            for name, router in self.routers.items()
            if router["service"] == key
        }

    def _servers(self, key: str) -> set[str] | None:
        service = self.services.get(key + PROVIDER)
        if service is None:
            return None
        return {server["url"] for server in service["loadBalancer"].get("servers", ())}

    def _is_used(self, name: str, wanted: Mapping[str, Any]) -> bool:
        shown = self.routers[name + PROVIDER]
        told = [shown["status"], shown["rule"], shown["entryPoints"]]
        return told == ["enabled", wanted["rule"], wanted["entryPoints"]]


class TraefikApi:
    """Answers None (or False) where the router does not answer: it may be starting or gone."""

    def __init__(self, port: int) -> None:
        self.port = port

    def is_answering(self) -> bool:
        return self._get("/ping") is not None

    def version(self) -> str:
        body = self._get("/api/version")
        return json.loads(body)["Version"] if body else ""

    def revision(self) -> int:
        body = self._get(f"/api/http/middlewares/{REVISION}{PROVIDER}")
        if body is None:
            return 0
        return int(json.loads(body)["headers"]["customRequestHeaders"][REVISION_HEADER])

    def in_use(self) -> InUse | None:
        body = self._get("/api/rawdata")
        if body is None:
            return None
        data = json.loads(body)
        return InUse(data.get("routers", {}), data.get("services", {}))

    def _get(self, path: str) -> bytes | None:
        connection = HTTPConnection(API_HOST, self.port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()
        return body if response.status == 200 else None
