"""Which services a socket hears of, and whether of their build output."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.errors import BadRequestError
from services.teams.policy import as_uuid

MOST_SERVICES = 1000

Ids = frozenset[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """`only` these, or all `but` these; with neither nothing was chosen, and all are told.

    An empty `but` is not the same: who took some out and back in did not ask for these alone.
    """

    only: Ids | None = None
    but: Ids | None = None
    build_logs: bool = False

    def has(self, service_id: str) -> bool:
        if self.only is not None:
            return service_id in self.only
        return self.but is None or service_id not in self.but

    def subscribe(self, message: Mapping[str, Any]) -> "Choice":
        """More services, or all without a list; build output as it says, else as before."""
        ids, build_logs = _ids(message), _build_logs(message, before=self.build_logs)
        if ids is None:
            return Choice(build_logs=build_logs)
        return replace(self._with(ids), build_logs=build_logs)

    def unsubscribe(self, message: Mapping[str, Any]) -> "Choice":
        """Without these services; without a list nothing is left, build output neither."""
        ids = _ids(message)
        if ids is None:
            return Choice(only=frozenset())
        return self._without(ids) if ids else self

    def _with(self, ids: Ids) -> "Choice":
        if self.but is not None:
            return replace(self, but=self.but - ids)
        return replace(self, only=_few((self.only or frozenset()) | ids))

    def _without(self, ids: Ids) -> "Choice":
        if self.only is not None:
            return replace(self, only=self.only - ids)
        return replace(self, but=_few((self.but or frozenset()) | ids))


EVERYTHING = Choice()


def _ids(message: Mapping[str, Any]) -> Ids | None:
    """As frames write them; what is no id is of no service, as an id that nobody has."""
    ids = message.get("service_ids")
    if ids is None:
        return None
    if not (isinstance(ids, list) and all(isinstance(one, str) for one in ids)):
        raise BadRequestError("service_ids must be a list of ids, or null for all")
    return frozenset(str(found) for one in ids if (found := as_uuid(one)))


def _build_logs(message: Mapping[str, Any], *, before: bool) -> bool:
    wanted = message.get("build_logs")
    if wanted is None:
        return before
    if not isinstance(wanted, bool):
        raise BadRequestError("build_logs must be true or false")
    return wanted


def _few(ids: Ids) -> Ids:
    if len(ids) > MOST_SERVICES:
        raise BadRequestError(
            f"A socket names {MOST_SERVICES} services at most: unsubscribe some, or choose all"
        )
    return ids
