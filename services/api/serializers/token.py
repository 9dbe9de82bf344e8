"""A token without its secret, and an image mapping."""

from typing import Any

from services.models import ImageMapping
from services.models.times import iso
from services.teams.models import ApiToken


def token_json(token: ApiToken) -> dict[str, Any]:
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


def mapping_json(mapping: ImageMapping) -> dict[str, str]:
    return {"source": mapping.source, "target": mapping.target}
