"""The base of every view of the REST face: a team's, and each POST carried out once per key."""

from typing import Any

from services.api.idempotency import once
from services.teams import views


class TeamView(views.TeamView):
    """Wraps the `post` of each view that is derived from it, so that none can forget to."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "post" in vars(cls):
            cls.post = once(vars(cls)["post"])  # type: ignore[attr-defined]  # a view may have none
