"""The pages: one that shows the team's services, and the way in and out."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from services import audit
from services.accounts.sign_in import note_session, redeem
from services.dashboard.onward import onward
from services.errors import NotFoundError
from services.models import Service
from services.teams.models import ROLE_SCOPE, Role, Scope, SignInLink
from services.teams.policy import TEAMS_KEY, Caller, by_session, memberships

View = Callable[..., HttpResponse]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MOST = 500
BACKEND = "django.contrib.auth.backends.ModelBackend"


def page(view: View) -> View:
    """No inline script, nothing from elsewhere, nothing kept by caches."""

    @wraps(view)
    def safe(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return never_cache(safe)


@page
@require_safe
@ensure_csrf_cookie
def home(request: HttpRequest) -> HttpResponse:
    """`?team=slug` chooses among one's teams."""
    if not isinstance(request.user, User):
        return render(request, "dashboard/signed_out.html")
    caller = by_session(request.user, request.session)
    mine = memberships(caller).order_by("created_at", "id")
    members = list(mine.select_related("team"))
    slug = request.GET.get("team")
    member = next((m for m in members if m.team.slug == slug), members[0] if members else None)
    if member is None:
        return render(request, "dashboard/signed_out.html")
    scope = ROLE_SCOPE[Role(member.role)]
    return render(
        request,
        "dashboard/home.html",
        {
            "team": member.team,
            "teams": [m.team for m in members],
            "page": "services",
            "can_deploy": scope != Scope.READ,
            "can_rule": scope == Scope.ADMIN,
            "services": Service.objects.visible_to(member.team).only("name", "status")[:MOST],
            "stale_after_s": settings.KYOZO["STALE_AFTER_S"],
        },
    )


@page
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, secret: str) -> HttpResponse:
    """GET only shows a button: programs that look at links must not use this one up."""
    if request.method != "POST":
        return render(request, "dashboard/sign_in.html")
    try:
        enter(request, secret)
    except NotFoundError as exc:
        return render(request, "dashboard/sign_in.html", {"error": exc}, status=404)
    return redirect("home")


def enter(request: HttpRequest, secret: str) -> None:
    """Begin a session with a one-time link, or open one more team to it. Raises NotFoundError."""
    with transaction.atomic():
        link = redeem(secret)
        note(request, _caller(link), "session.begin")
    # What a password began opens all teams already.
    is_whole = request.user == link.user and TEAMS_KEY not in request.session
    login(request, link.user, backend=BACKEND)
    if link.team_id and not is_whole:  # beside those of other links of the same person
        teams = {str(link.team_id), *request.session.get(TEAMS_KEY, ())}
        request.session[TEAMS_KEY] = sorted(teams)


@page
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        if isinstance(request.user, User):
            note(request, by_session(request.user, request.session), "session.end")
        logout(request)
    return redirect(onward(request) or "home")


def _caller(link: SignInLink) -> Caller:
    return Caller(link.user, only_teams=frozenset({link.team_id}) if link.team_id else None)


def note(request: HttpRequest, caller: Caller, action: str) -> None:
    with audit.acting(audit.asked_by(caller, request), action):
        note_session(caller, action)


@page
def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "dashboard/csrf_failed.html", status=403)


@page
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "dashboard/not_found.html", status=404)
