"""The base of every view of the REST face that belongs to a team."""

from collections.abc import Collection, Mapping
from typing import ClassVar
from uuid import UUID

from rest_framework.views import APIView

from services.teams.models import Scope, Team
from services.teams.policy import Admission, Caller


class TeamView(APIView):
    """`scopes` maps each method to what it needs; `TeamPermission` refuses what is not in it."""

    scopes: ClassVar[Mapping[str, Scope]] = {}
    # Methods that keep to `admission.workspace_id`: only they open for a token of one workspace.
    for_workspace: ClassVar[Collection[str]] = ()
    metadata_class = None
    is_long: ClassVar[bool] = False  # a POST that may take longer than a transaction should
    # A long POST that goes on where one with the same Idempotency-Key died: `once_id` names what is
    # made under that key, and a lock of its own sees to it that one works at a time.
    resumes: ClassVar[bool] = False
    once_id: UUID | None = None
    admission: Admission

    @property
    def team(self) -> Team:
        return self.admission.team

    @property
    def caller(self) -> Caller:
        caller = self.request.auth
        assert isinstance(caller, Caller)  # noqa: S101 - TeamPermission let it in
        return caller

    @property
    def actor(self) -> str:
        """Who asked, for `triggered_by` and the log."""
        return self.caller.name
