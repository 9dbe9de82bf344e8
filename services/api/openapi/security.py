"""How a request proves who it is from, as OpenAPI names it."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from services.models.checks import Schema
from services.teams.authentication import DashboardAuthentication, TokenAuthentication

SAFE = frozenset({"GET", "HEAD"})


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """One token, in either header."""

    target_class = TokenAuthentication
    name = ["apiKey", "bearer"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[Schema]:
        return [
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            {"type": "http", "scheme": "bearer"},
        ]


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The dashboard's; what writes also carries the CSRF token."""

    target_class = DashboardAuthentication
    name = ["session", "csrf"]
    priority = 1

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[str]]:
        return {"session": []} if auto_schema.method in SAFE else {"session": [], "csrf": []}

    def get_security_definition(self, auto_schema: AutoSchema) -> list[Schema]:
        return [
            {"type": "apiKey", "in": "cookie", "name": "sessionid"},
            {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
        ]
