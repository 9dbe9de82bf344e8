"""A member of a team, and an invitation to it without its secret."""

from typing import Any

from django.utils import timezone

from services.models.times import iso
from services.teams.models import Invitation, Membership


def member_json(member: Membership) -> dict[str, Any]:
    return {
        "id": member.user_id,
        "name": member.name,
        "role": member.role,
        "joined_at": iso(member.created_at),
    }


def invitation_json(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": str(invitation.id),
        "email": invitation.email or None,
        "role": invitation.role,
        "state": _state(invitation),
        "invited_by": invitation.invited_by.get_username(),
        "created_at": iso(invitation.created_at),
        "expires_at": iso(invitation.expires_at),
        "accepted_at": iso(invitation.accepted_at),
        "revoked_at": iso(invitation.revoked_at),
    }


def _state(invitation: Invitation) -> str:
    if invitation.accepted_at:
        return "accepted"
    if invitation.revoked_at:
        return "revoked"
    return "open" if invitation.expires_at > timezone.now() else "expired"
