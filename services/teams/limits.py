"""How many requests may come: a team's in fixed hours by its plan, a token's in bursts of seconds,
an address's without any token, and tries with a password.

One atomic increment each. Through Redis all processes count together; without it, and while it is
away, each process counts for itself.
"""

import hashlib
import logging
import time
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from uuid import UUID

from django.conf import settings
from django.core.cache import caches
from django.utils.module_loading import import_string

from services.errors import TooManyError
from services.teams.models import Team

log = logging.getLogger(__name__)

PLANS = {"standard": 1000, "pro": 5000, "enterprise": 20000}
HOUR_S = 3600
BURST_S = 10
# A name has several times what an address has: else one address keeps somebody out.
SIGN_INS = {"address": 20, "name": 100}
SIGN_INS_S = 600
# Programs read a number there; this one is never used up.
UNLIMITED = 2**31 - 1
AWAY_S = 5.0
_away = {"until": 0.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """What the three headers say; `retry_after_s` is more than 0 once it is too much."""

    limit: int
    remaining: int
    reset: int
    retry_after_s: int = 0

    def check(self) -> None:
        if self.retry_after_s:
            raise TooManyError(
                "Too many requests",
                fix=f"wait {self.retry_after_s} s, and ask less often",
                params={"retry_after_s": self.retry_after_s},
            )


def of_team(team: Team, *, token_id: UUID | None) -> Rate:
    """Count one request of a team; with a token also against that token's bursts."""
    if not settings.KYOZO["RATE_LIMITS"]:
        return _unlimited()
    hour = _count(f"team.{team.pk}", PLANS.get(team.plan, PLANS["standard"]), HOUR_S)
    if token_id is None or hour.retry_after_s:
        return hour
    burst = _count(f"burst.{token_id}", settings.KYOZO["BURST"], BURST_S)
    return Rate(hour.limit, hour.remaining, hour.reset, burst.retry_after_s)


def of_address(address: str) -> Rate:
    """Count one request that proved nobody."""
    if not settings.KYOZO["RATE_LIMITS"]:
        return _unlimited()
    return _count(f"address.{whose(address)}", settings.KYOZO["ANONYMOUS_LIMIT"], HOUR_S)


def of_sign_in(kind: str, name: str) -> Rate:
    """Count one try with a password against an `address` or a `name`, embedded or not.
    Hashed, because people type passwords into the field above."""
    name = whose(name) if kind == "address" else name.lower()
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    return _count(f"sign-in.{kind}.{digest}", SIGN_INS[kind], SIGN_INS_S)


def whose(address: str) -> str:
    """Of IPv6 the network: a line at home has 2**64 addresses to choose from."""
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or IPv6Network((found.packed, 64), strict=False))


def _unlimited() -> Rate:
    return Rate(UNLIMITED, UNLIMITED, _end_of(HOUR_S))


def _end_of(window_s: int) -> int:
    return (int(time.time()) // window_s + 1) * window_s


def _count(name: str, limit: int, window_s: int) -> Rate:
    reset = _end_of(window_s)
    used = _increment(f"kyozo.rate.{name}.{reset}", keep_s=2 * window_s)
    wait_s = max(1, reset - int(time.time())) if used > limit else 0
    return Rate(limit, max(0, limit - used), reset, wait_s)


def _increment(key: str, *, keep_s: int) -> int:
    if time.monotonic() >= _away["until"]:
        try:
            return _increment_in("default", key, keep_s)
        except _failures() as exc:
            _away["until"] = time.monotonic() + AWAY_S
            log.warning("requests are counted in this process only: %s", exc)
    return _increment_in("local", key, keep_s)


def _increment_in(cache: str, key: str, keep_s: int) -> int:
    caches[cache].add(key, 0, timeout=keep_s)
    return caches[cache].incr(key)


def _failures() -> tuple[type[Exception], ...]:
    """ValueError: the key vanished in between. Redis has errors of its own, and is not loaded where
    it is not used."""
    if settings.CACHES["default"]["BACKEND"].endswith("RedisCache"):
        return (ValueError, OSError, import_string("redis.exceptions.RedisError"))
    return (ValueError,)
