"""/join: come in by an invitation, as who is signed in or with a new account."""

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from services import audit
from services.accounts.invitations import Newcomer, accept, look
from services.dashboard.views import enter, page
from services.errors import InvalidError, KyozoError, NotFoundError
from services.proxied import address_of
from services.teams.limits import of_address
from services.teams.policy import Caller


class Account(forms.Form):
    """The rules of the API; whether the password is good enough is the verb's to say."""

    username = forms.RegexField(
        r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z",
        error_messages={
            "invalid": "must be letters, digits, dots, dashes and underscores, at most 100"
        },
        strip=False,
    )
    password = forms.CharField(max_length=1000, strip=False)


@page
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Looking at it uses nothing up: programs that look at links must not."""
    try:
        of_address(address_of(request)).check()
        invitation = look(secret)
    except KyozoError as exc:
        return render(request, "dashboard/join_over.html", {"error": exc}, status=exc.status)
    said = {"invitation": invitation, "sign_in": _sign_in(request)}
    if request.method != "POST":
        return render(request, "dashboard/join.html", said)
    try:
        _come_in(request, secret)
    except NotFoundError as exc:  # somebody was faster
        return render(request, "dashboard/join_over.html", {"error": exc}, status=404)
    except KyozoError as exc:
        name = request.POST.get("username", "")
        said |= {"error": exc, "username": name}
        return render(request, "dashboard/join.html", said, status=exc.status)
    return redirect(f"{reverse('home')}?{urlencode({'team': invitation.team.slug})}")


def _come_in(request: HttpRequest, token: str) -> None:
    user = request.user if isinstance(request.user, User) else None
    person = Caller(user) if user else None
    with audit.acting(audit.asked_by(person, request), "invitation.accept"):
        arrival = accept(token, user or _newcomer(request))
    enter(request, arrival.link)


def _newcomer(request: HttpRequest) -> Newcomer:
    form = Account(request.POST)
    if not form.is_valid():
        details = {name: [str(one) for one in said] for name, said in form.errors.items()}
        raise InvalidError("This account cannot be made", details=details)
    return Newcomer(form.cleaned_data["username"], form.cleaned_data["password"])


def _sign_in(request: HttpRequest) -> str:
    return f"{reverse('sign-in-with-password')}?{urlencode({'next': request.path})}"
