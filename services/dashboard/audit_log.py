"""The page of the audit log: who did what, narrowed and in pages."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils.http import urlencode

from services.dashboard.visit import Visit, team_page
from services.errors import InvalidError
from services.models import AuditEntry
from services.teams.models import Scope

A_PAGE = 50


class Asked(forms.Form):
    """`before` is the id of the last entry of the page before."""

    action = forms.CharField(max_length=40, required=False)
    actor = forms.CharField(max_length=150, required=False)
    object = forms.CharField(max_length=200, required=False)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    before = forms.UUIDField(required=False)


@team_page(Scope.ADMIN, "GET", "HEAD")
def audit_log(visit: Visit) -> HttpResponse:
    form = Asked(visit.request.GET)
    rows = AuditEntry.objects.filter(team=visit.team)
    said = {name: visit.request.GET.get(name, "") for name in Asked.base_fields}
    if not form.is_valid():
        details = {name: [str(one) for one in found] for name, found in form.errors.items()}
        error = InvalidError("This cannot be looked for", details=details)
        return visit.show("audit", error, entries=[], said=said)
    found = list(_asked(rows, form.cleaned_data).order_by("-at", "-id")[: A_PAGE + 1])
    older = ""
    if len(found) > A_PAGE:
        given = {name: value for name, value in said.items() if value}
        older = urlencode(given | {"before": str(found[A_PAGE - 1].pk)})
    return visit.show("audit", entries=found[:A_PAGE], older=older, said=said)


def _asked(rows: QuerySet[AuditEntry], want: dict[str, Any]) -> QuerySet[AuditEntry]:
    filters: dict[str, Any] = {
        "action": lambda value: Q(action=value),
        "actor": lambda value: Q(user_name=value) | Q(token_prefix=value),
        "object": lambda value: Q(object_id=value) | Q(object_name=value),
        "since": lambda day: Q(at__gte=datetime.combine(day, time.min, tzinfo=UTC)),
        "until": lambda day: Q(at__lte=datetime.combine(day, time.max, tzinfo=UTC)),
    }
    for name, of in filters.items():
        if want[name]:
            rows = rows.filter(of(want[name]))
    last = rows.filter(pk=want["before"]).first() if want["before"] else None
    if last is not None:
        rows = rows.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    return rows
