"""/tokens: list, make (shown once) and revoke; one's own, and for administrators the team's."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.accounts.tokens import create_token, revoke_token
from services.api import find, scopes
from services.api.answers import Data, PageOf
from services.api.described import Described
from services.api.inputs import TOKEN
from services.api.paging import MOST, Order
from services.api.query import TRUTH, Reader, one_of, query, word
from services.api.serializers.token import NewTokenJson, TokenJson, token_json
from services.api.team_view import TeamView
from services.teams.models import Scope
from services.teams.policy import new_scope

ORDER = Order(
    {"created_at": "created_at", "name": "name"}, by="created_at", descending=True, usual=MOST
)

ASKED: dict[str, Reader] = {
    "scope": one_of(Scope.values),
    "is_revoked": TRUTH,
    "search": word,
    **ORDER.readers(),
}


class TokenList(TeamView):
    scopes = scopes.OWN
    actions = {"POST": "token.create"}

    @Described(
        "listTokens",
        "One's own tokens; for administrators the team's",
        query=ASKED,
        answer=PageOf[TokenJson],
    )
    def get(self, request: Request, **_: Any) -> Response:
        want = query(request, **ASKED)
        rows = find.tokens(self.caller, self.admission)
        rows = rows.filter(name__icontains=want.get("search", ""))
        if "scope" in want:
            rows = rows.filter(scope=want["scope"])
        if "is_revoked" in want:
            rows = rows.filter(revoked_at__isnull=want["is_revoked"] == "false")
        return ORDER.page(rows, want).answer(request, token_json)

    @Described(
        "createToken",
        "Make a token, which is shown this once",
        about="It reaches no further than whoever asks; unsaid, its scope is `deploy`, a viewer's "
        "`read`. With `workspace_id` it is of that workspace only.",
        body=TOKEN,
        answer=Data[NewTokenJson],
        status=201,
    )
    def post(self, request: Request, **_: Any) -> Response:
        fields = TOKEN.read(request)
        fields["scope"] = new_scope(self.caller, self.admission, fields.get("scope"))
        workspace_id = fields.pop("workspace_id", None)
        workspace = find.workspace(self.admission, workspace_id) if workspace_id else None
        token, text = create_token(self.team, user=self.caller.user, workspace=workspace, **fields)
        made: NewTokenJson = {**token_json(token), "token": text}
        return Response({"data": made}, status=201)


class TokenDetail(TeamView):
    scopes = scopes.OWN
    actions = {"DELETE": "token.revoke"}

    @Described("revokeToken", "Revoke a token", about="Twice is harmless.", status=204)
    def delete(self, request: Request, *, token_id: UUID, **_: Any) -> Response:
        """Revokes it; twice is harmless."""
        revoke_token(find.token(self.caller, self.admission, token_id), by=self.caller.user)
        return Response(status=204)
