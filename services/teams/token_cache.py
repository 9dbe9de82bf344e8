"""What a token opens, remembered for a few seconds: the second request costs no query.

A revocation clears it in this process at once; other processes and removed members follow within
`KEEP_S`. What was not found is not remembered, so guessing fills nothing.
"""

import time
from threading import Lock

from django.utils import timezone

from services.teams.models import ApiToken, hash_token, member_role
from services.teams.policy import Caller

KEEP_S = 3.0
MOST = 2000

_found: dict[str, tuple[float, Caller]] = {}
_guard = Lock()


def find(text: str) -> Caller | None:
    """The caller a living token of a current member stands for."""
    key = hash_token(text)
    caller = _remembered(key) or _looked_up(text, key)
    if caller is None or caller.token is None:
        return None
    return caller if _is_alive(caller.token) else None


def forget(key: str) -> None:
    """Drop one token, by its hash."""
    with _guard:
        _found.pop(key, None)


def clear() -> None:
    with _guard:
        _found.clear()


def _remembered(key: str) -> Caller | None:
    with _guard:
        until, caller = _found.get(key, (0.0, None))
    return caller if time.monotonic() < until else None


def _looked_up(text: str, key: str) -> Caller | None:
    token = ApiToken.objects.find(text)
    role = member_role(token.user, token.team) if token else None
    if token is None or role is None:
        return None
    caller = Caller(token.user, token, role)
    with _guard:
        if len(_found) >= MOST:
            _found.clear()
        _found[key] = (time.monotonic() + KEEP_S, caller)
    return caller


def _is_alive(token: ApiToken) -> bool:
    return token.expires_at is None or token.expires_at > timezone.now()
