"""The base of every view of the REST face: a team's, each POST carried out once per key, and each
change noted in the audit log."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from services import audit
from services.api.described import description_of
from services.api.idempotency import once
from services.api.query import query
from services.teams import views

WRITING = ("post", "put", "patch", "delete")


class TeamView(views.TeamView):
    """`actions` says what each method that writes is called in the audit log. A view that lacks one
    cannot be defined; the methods are wrapped here, so that none can forget to."""

    actions: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in [name for name in WRITING if name in vars(cls)]:
            method = _audited(vars(cls)[name], cls.actions[name.upper()])
            setattr(cls, name, once(method) if name == "post" else method)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Where a method has no parameters in the query, none is taken; others read theirs."""
        super().initial(request, *args, **kwargs)
        described = description_of(type(self), str(request.method))
        if described is not None and not described.query:
            query(request)


class WorkspaceView(TeamView):
    """Whatever it shows or touches was found by `services.api.find` with the admission: so it also
    opens for a token of one workspace. No other view does."""

    for_workspace = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _audited(method: Callable[..., Response], action: str) -> Callable[..., Response]:
    """Verbs note what they change, in its transaction; what had nothing to change is noted here."""

    @wraps(method)
    def answer(view: TeamView, request: Request, **kwargs: Any) -> Response:
        with audit.acting(audit.asked_by(view.caller, request), action) as act:
            response = method(view, request, **kwargs)
            if not act.is_written:
                audit.note(act.thing or view.team)
            return response

    return answer
