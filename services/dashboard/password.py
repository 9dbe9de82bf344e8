"""The way in with a username and a password."""

from django import forms
from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from services.accounts.sign_in import by_password
from services.dashboard.onward import onward
from services.dashboard.views import BACKEND, note, page
from services.errors import ForbiddenError, TooManyError
from services.proxied import address_of
from services.teams.policy import TEAMS_KEY, Caller


class Proof(forms.Form):
    """What breaks its rules is of nobody, and is told no other thing than that."""

    username = forms.CharField(max_length=150, strip=False)
    password = forms.CharField(max_length=1000, strip=False)


@page
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The session opens all teams of its person, also where a link began it for some. `next` is the
    page of ours that they came from."""
    if request.method != "POST":
        return render(request, "dashboard/signed_out.html", {"next": onward(request)})
    form = Proof(request.POST)
    said = form.cleaned_data if form.is_valid() else {"username": "", "password": ""}
    try:
        user = by_password(**said, address=address_of(request))
    except (ForbiddenError, TooManyError) as exc:
        return _refused(request, exc)
    with transaction.atomic():
        note(request, Caller(user), "session.begin")
        login(request, user, backend=BACKEND)
        request.session.pop(TEAMS_KEY, None)
        # Django keeps the cookie of the same person, which may have opened less until now.
        request.session.cycle_key()
    return redirect(onward(request) or "home")


def _refused(request: HttpRequest, error: ForbiddenError | TooManyError) -> HttpResponse:
    said = {"error": error, "next": onward(request)}
    page = render(request, "dashboard/signed_out.html", said, status=error.status)
    if isinstance(error, TooManyError):
        page.headers["Retry-After"] = str(error.retry_after_s)
    return page
