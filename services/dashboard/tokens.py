"""The page of tokens: one's own, and for administrators the team's. A new one is shown once."""

from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse

from services.accounts.tokens import create_token, revoke_token
from services.dashboard.fields import LastDay, name_field
from services.dashboard.visit import Visit, team_page
from services.errors import KyozoError, NotFoundError
from services.models import Workspace
from services.teams.models import SCOPE_ORDER, ApiToken, ApiTokenQuerySet, Scope, allows
from services.teams.policy import new_scope

MOST = 500


class NewToken(forms.Form):
    name = name_field()
    scope = forms.ChoiceField(choices=Scope.choices)
    workspace = forms.UUIDField(required=False)
    expires = LastDay(required=False)


@team_page(Scope.READ)
def tokens(visit: Visit) -> HttpResponse:
    if visit.request.method != "POST":
        return _shown(visit)
    try:
        fields = visit.fields(NewToken)
        scope = new_scope(visit.caller, visit.admission, fields["scope"])
        with visit.doing("token.create"):
            token, text = create_token(
                visit.team,
                user=visit.user,
                name=fields["name"],
                scope=scope,
                expires_at=fields["expires"],
                workspace=_workspace(visit, fields["workspace"]),
            )
    except KyozoError as exc:
        return _shown(visit, exc)
    return _shown(visit, made=token, text=text)


@team_page(Scope.READ, "POST")
def revoke(visit: Visit, token_id: UUID) -> HttpResponse:
    token = _mine(visit).select_related("team", "user").filter(pk=token_id).first()
    if token is None:
        raise Http404
    try:
        with visit.doing("token.revoke"):
            revoke_token(token, by=visit.user)
    except KyozoError as exc:
        return _shown(visit, exc)
    return visit.done("tokens", "revoked")


def _shown(visit: Visit, error: KyozoError | None = None, **more: object) -> HttpResponse:
    rows = _mine(visit).select_related("user", "workspace").order_by("-created_at", "-id")[:MOST]
    alive = set(_mine(visit).alive().values_list("pk", flat=True))
    return visit.show(
        "tokens",
        error,
        tokens=[(row, row.pk in alive) for row in rows],
        scopes=[scope for scope in SCOPE_ORDER if allows(visit.admission.scope, scope)],
        workspaces=Workspace.objects.visible_to(visit.team).order_by("name")[:MOST],
        said=visit.request.POST if error else {},
        **more,
    )


def _mine(visit: Visit) -> ApiTokenQuerySet:
    rows = ApiToken.objects.filter(team=visit.team)
    return rows if visit.can_rule else rows.filter(user=visit.user)


def _workspace(visit: Visit, key: UUID | None) -> Workspace | None:
    if key is None:
        return None
    found = Workspace.objects.visible_to(visit.team).filter(pk=key).first()
    if found is None:
        raise NotFoundError("Workspace not found")
    return found
