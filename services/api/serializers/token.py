"""A token without its secret, and an image mapping."""

from typing import Annotated, TypedDict

from services.api.answers import Id, Instant, words
from services.models import ImageMapping
from services.models.times import iso
from services.teams.models import ApiToken, Scope


class TokenJson(TypedDict):
    id: Id
    name: str
    prefix: Annotated[str, "How the token begins."]
    scope: Annotated[str, words(Scope.values)]
    workspace_id: Id | None
    user: str
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    revoked_at: Instant | None


class NewTokenJson(TokenJson):
    token: Annotated[str, "Shown this once."]


class MappingJson(TypedDict):
    source: str
    target: str


def token_json(token: ApiToken) -> TokenJson:
    return {
        "id": str(token.id),
        "name": token.name,
        "prefix": token.prefix,
        "scope": token.scope,
        "workspace_id": str(token.workspace_id) if token.workspace_id else None,
        "user": token.user.get_username(),
        "created_at": iso(token.created_at),
        "expires_at": iso(token.expires_at),
        "last_used_at": iso(token.last_used_at),
        "revoked_at": iso(token.revoked_at),
    }


def mapping_json(mapping: ImageMapping) -> MappingJson:
    return {"source": mapping.source, "target": mapping.target}
