"""A log as it is written, past lost connections: each line says where to go on after it."""

import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import httpx

from kyozo_sdk.errors import (
    ConnectionFailedError,
    ForeignAnswerError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from kyozo_sdk.models import FollowedLine
from kyozo_sdk.request import Request, query
from kyozo_sdk.session import Session

SILENCE_S = 45.0  # a quiet log says so every 15 s
GIVE_UP_S = 300.0
MOST_LINE = 1024 * 1024
ACCESS_ENDED = "access_ended"
SERVICE_REMOVED = "service_removed"


@dataclass
class Following:
    """One log. `cursor` is right after the last line that was given out."""

    session: Session
    path: str
    asked: dict[str, object]
    cursor: str = ""
    _heard_at: float = 0.0
    _failures: int = 0

    async def lines(self) -> AsyncGenerator[FollowedLine, None]:
        self._heard_at = time.monotonic()
        while True:
            try:
                async with aclosing(self._once()) as lines:
                    async for line in lines:
                        if line.end == SERVICE_REMOVED:
                            return
                        yield line
            except (httpx.TransportError, ConnectionFailedError, UnavailableError) as exc:
                self._check_patience(exc)
            except RateLimitedError as exc:
                self._check_patience(exc)
                await self.session.io.sleep(exc.retry_after)
            # Also after a clean end: only a line that says so is the end of a log.
            self._failures += 1
            await self.session.io.sleep(self.session.retry.backoff(self._failures))

    async def _once(self) -> AsyncGenerator[FollowedLine, None]:
        """The lines of one connection; of those that were cut only the whole ones."""
        io = self.session.io
        response = await self.session.send(self._request, is_stream=True)
        try:
            async with aclosing(whole_lines(io.chunks(response))) as rows:
                async for raw in rows:
                    self._heard_at, self._failures = time.monotonic(), 0
                    line = FollowedLine(raw)
                    _check_access(line)
                    # Before it is given out: who leaves the loop and comes back would get it again.
                    self.cursor = line.cursor or self.cursor
                    if line.line is not None or line.end == SERVICE_REMOVED:
                        yield line
        finally:
            await io.release(response)

    @property
    def _request(self) -> Request:
        # With a cursor go no `lines` and no `since`.
        asked = {**self.asked, "lines": None} if self.cursor else self.asked
        params = query({**asked, "cursor": self.cursor or None, "follow": True})
        request = Request(method="GET", path=self.path, params=params)
        return replace(request, read_timeout_s=SILENCE_S)

    def _check_patience(self, exc: Exception) -> None:
        if time.monotonic() - self._heard_at > GIVE_UP_S:
            if isinstance(exc, httpx.TransportError):
                raise ConnectionFailedError(
                    f"the log of {self.session.place.shown} was lost ({type(exc).__name__})",
                    code="connection_failed",
                ) from None
            raise exc


def _check_access(line: FollowedLine) -> None:
    if line.end == ACCESS_ENDED:
        message = str(line.message or "access ended")
        raise UnauthorizedError(message, code=ACCESS_ENDED, status=401)


async def whole_lines(chunks: Any) -> AsyncGenerator[dict[str, Any], None]:
    """JSON objects, one a line. Only a newline ends one: other separators may stand in a text."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield _object(line)
        if len(rest) > MOST_LINE:
            raise _foreign()


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise _foreign() from None
    if isinstance(found, dict):
        return found
    raise _foreign()


def _foreign() -> ForeignAnswerError:
    return ForeignAnswerError("what came is no log of a Kyozo platform", code="foreign_answer")
