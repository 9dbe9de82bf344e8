"""Hints for the other processes of an installation, over one channel of Redis.

Nothing here is kept, and nothing is waited for: a hint that gets lost costs its listeners the time
until they look by themselves (decision 8).
"""

import json
import logging
import math
import os
import secrets
import time
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from services import events
from services.events import Hint

log = logging.getLogger(__name__)

SEND_S = 0.5
AWAY_S = 1.0
# A piece of a build log is by far the largest that is said: 64 KiB, and escaped six times that.
MOST_BYTES = 1024 * 1024
MOST_NUMBER = 2**63 - 1
Kind = TypeVar("Kind")
# A process that forks after this was imported is two: the number tells them apart.
_name = secrets.token_hex(8)


def begin(url: str) -> None:
    """From now on this process's hints reach the others."""
    events.subscribe(Sender(url))


def channel() -> str:
    """Channels know no database numbers: installations that share a Redis differ by their names."""
    return f"kyozo.{settings.KYOZO['INSTALL']}.live"


class Sender:
    """A listener that passes on what it hears; while Redis is away that costs nobody anything."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=SEND_S,
            socket_connect_timeout=SEND_S,
            retry=Retry(NoBackoff(), 0),  # its own default tries ten times
        )
        self._away_until = 0.0
        self._is_away = False

    def __call__(self, said: Hint) -> None:
        """In the publisher's thread, right after its commit."""
        if time.monotonic() < self._away_until:
            return
        try:
            self._redis.publish(channel(), written(said))
        except (RedisError, OSError) as exc:
            self._away_until = time.monotonic() + AWAY_S
            if not self._is_away:
                log.warning("other processes hear of events some seconds late: %s", exc)
            self._is_away = True
        else:
            self._is_away = False

    def close(self) -> None:
        self._redis.close()


def written(said: Hint) -> str:
    body = {
        "from": _own_name(),
        "team_id": str(said.team_id),
        "up_to": said.up_to,
        "frame": said.frame,
        "workspace_id": said.workspace_id and str(said.workspace_id),
    }
    return json.dumps(body, separators=(",", ":"), default=str)


def read(text: bytes) -> Hint | None:
    """None for this process's own, and for what no process of this version says: whoever listens
    goes on, whatever came."""
    try:
        body = _checked(text)
        if body["from"] == _own_name():
            return None
        return Hint(
            UUID(body["team_id"]),
            _number(body["up_to"]),
            _frame(body["frame"]),
            UUID(workspace) if (workspace := _a(str, body["workspace_id"])) else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        log.warning("a hint of another process is not understood: %s", type(exc).__name__)
        return None


def _checked(text: bytes) -> dict[str, Any]:
    """JSON as the others write it; Python alone would also read what no browser does."""
    if len(text) > MOST_BYTES:
        raise ValueError("too long")
    body: dict[str, Any] = json.loads(text.decode(), parse_constant=_finite, parse_float=_finite)
    return body


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError("no number of JSON")
    return number


def _number(value: Any) -> int | None:
    if value is None or (type(value) is int and 0 <= value <= MOST_NUMBER):
        return value
    raise TypeError("no number of an event")


def _frame(value: Any) -> dict[str, Any] | None:
    """One that a room can hand out: it looks for a service in the payload."""
    frame = _a(dict, value)
    if frame is not None:
        _a(str, _a(dict, frame.get("payload") or {}).get("service_id"))  # type: ignore[union-attr]
    return frame


def _a(kind: type[Kind], value: Any) -> Kind | None:
    if value is None or isinstance(value, kind):
        return value
    raise TypeError(f"no {kind.__name__}")


def _own_name() -> str:
    return f"{_name}.{os.getpid()}"
