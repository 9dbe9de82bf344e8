"""A page of one team: who looks, in which team, and how far they may go. It is asked anew with each
request, and by the same policy as the API."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from services import audit
from services.dashboard.views import View, page
from services.errors import ForbiddenError, InvalidError, KyozoError, TooManyError
from services.teams.limits import of_team
from services.teams.models import Membership, Role, Scope, Team, allows
from services.teams.policy import Admission, Caller, admit, by_session, memberships

# What a page says after something was done, by the word in its address.
DONE: Mapping[str, str] = {
    "changed": "The role is changed.",
    "removed": "The member is removed; their tokens of this team are revoked.",
    "renamed": "The team is renamed.",
    "revoked": "It is revoked: from now on it opens nothing.",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """Of somebody who is on the team; `teams` are all that their session opens."""

    request: HttpRequest
    caller: Caller
    admission: Admission
    role: Role
    teams: list[Team]

    @property
    def team(self) -> Team:
        return self.admission.team

    @property
    def user(self) -> User:
        return self.caller.user

    @property
    def can_rule(self) -> bool:
        return self.admission.scope == Scope.ADMIN

    def may(self, need: Scope) -> None:
        """ForbiddenError where the role does not reach."""
        if not allows(self.admission.scope, need):
            raise ForbiddenError(
                "Your role does not allow this",
                fix="ask an owner or administrator of the team",
            )

    def fields(self, form: type[Form]) -> dict[str, Any]:
        """What was sent, as the form has it; InvalidError with its complaints."""
        filled = form(self.request.POST)
        if not filled.is_valid():
            details = {name: [str(one) for one in said] for name, said in filled.errors.items()}
            raise InvalidError("This cannot be accepted", details=details)
        return filled.cleaned_data

    @contextmanager
    def doing(self, action: str) -> Iterator[None]:
        """What is changed in here is noted as theirs."""
        with audit.acting(audit.asked_by(self.caller, self.request), action):
            yield

    def done(self, name: str, word: str) -> HttpResponse:
        """On to a page of the team, where it says so: a reload does nothing again."""
        where = reverse(name, kwargs={"slug": self.team.slug})
        return redirect(f"{where}?{urlencode({'done': word})}")

    def show(self, name: str, error: KyozoError | None = None, **more: Any) -> HttpResponse:
        said = {
            "page": name,
            "team": self.team,
            "teams": self.teams,
            "role": self.role,
            "can_rule": self.can_rule,
            "error": error,
            "done": DONE.get(self.request.GET.get("done", "")),
        }
        status = error.status if error else 200
        return render(self.request, f"dashboard/{name}.html", said | more, status=status)


def team_page(need: Scope, *methods: str) -> Callable[[Callable[..., HttpResponse]], View]:
    """A view of a visit. To others the team is not there, as one that never was."""

    def wrap(view: Callable[..., HttpResponse]) -> View:
        @page
        @require_http_methods(list(methods) or ["GET", "HEAD", "POST"])
        @wraps(view)
        def answer(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
            if not isinstance(request.user, User):
                onward = {"next": request.get_full_path()} if request.method == "GET" else {}
                return redirect(f"{reverse('sign-in-with-password')}?{urlencode(onward)}")
            visit = _visit(request, request.user, slug)
            try:
                of_team(visit.team, token_id=None).check()
                visit.may(need)
                return view(visit, **kwargs)
            except KyozoError as exc:
                return _refused(visit, exc)

        return answer

    return wrap


def _refused(visit: Visit, error: KyozoError) -> HttpResponse:
    response = visit.show("refused", error)
    if isinstance(error, TooManyError):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _visit(request: HttpRequest, user: User, slug: str) -> Visit:
    caller = by_session(user, request.session)
    mine = memberships(caller).select_related("team").order_by("created_at", "id")
    members: list[Membership] = list(mine)
    member = next((one for one in members if one.team.slug == slug), None)
    if member is None:
        raise Http404
    admission = admit(caller, team_id=member.team_id, need=Scope.READ)
    return Visit(request, caller, admission, Role(member.role), [one.team for one in members])
