"""What a request sends is put together on the loop: a thread is for requests that are all there.

Eight slow senders would else have every thread of the REST face. Archives are too large for that:
they come in pieces, each of them in time, and few at once (services/lifecycle/trees.py).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings
from django.urls import Resolver404, resolve

from services.api.parsing import ARCHIVES
from services.api.refused import REFUSAL
from services.errors import KyozoError, TooLargeError, TooSlowError
from services.proxied import client_address
from services.teams.limits import whose

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Http = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_S = 30.0  # for a whole body, and for each piece of an archive
PIECE = 64 * 1024
# Up to here a server holds what each connection sends anyway.
SMALL = 64 * 1024
# What is larger is held so many times at once; the next one waits, within its own time.
LARGE = 32
LARGE_OF_ONE = 8
# Who is refused may go on sending that long, to come to the answer; then the connection ends.
LINGER_S = 10.0
LENGTH, CHUNKED = b"content-length", b"transfer-encoding"
CLOSE = (b"connection", b"close")


class Places:
    """For large bodies. Nobody proved yet who they are, so one address has a few only: whoever
    takes all of those and sends no more stops nobody else."""

    def __init__(self, most: int = LARGE, *, of_one: int = LARGE_OF_ONE) -> None:
        self._all, self._of_one = asyncio.Semaphore(most), of_one
        self._taken: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def taken(self, who: str) -> AsyncIterator[None]:
        # Their own first: who waits for that keeps no place from others.
        own = self._taken.setdefault(who, asyncio.Semaphore(self._of_one))
        async with own, self._all:
            yield


large_ones = Places()


async def with_body(scope: Scope, receive: Receive, send: Send, *, rest: Http) -> None:
    """Let `rest` answer once the body is there; it also answers what is not taken."""
    told = {name: value for name, value in scope["headers"] if name in {LENGTH, CHUNKED}}
    if CHUNKED not in told and told.get(LENGTH, b"0") == b"0":
        await rest(scope, receive, send)
        return
    body = Incoming(receive)
    if takes_archives(scope):
        await _with_pieces(scope, body, send, rest=rest, is_chunked=CHUNKED in told)
        return
    declared = 0 if CHUNKED in told else int(told[LENGTH])
    async with contextlib.AsyncExitStack() as held:
        try:
            whole = await _whole(body, held, who=_sender(scope), declared=declared)
        except KyozoError as exc:
            await _refuse(scope, body, send, exc, rest=rest)
            return
        if not body.is_lost:
            _set_length(scope, len(whole))
            await rest(scope, _again(whole, receive), send)


class Incoming:
    """A body on its way; `is_lost` once its sender is gone."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_over = False
        self.is_lost = False
        self.is_late = False

    async def more(self) -> bytes:
        message = await self._receive()
        self.is_lost = message["type"] == "http.disconnect"
        self.is_over = self.is_lost or not message.get("more_body", False)
        return bytes(message.get("body", b""))

    async def piece(self) -> Message:
        """Of an archive: as much as is fetched at once, or its end."""
        found = b""
        try:
            async with asyncio.timeout(BODY_S):
                while not self.is_over and len(found) < PIECE:
                    found += await self.more()
        except TimeoutError as exc:
            self.is_late = True
            raise _too_slow() from exc
        return {"type": "http.request", "body": found, "more_body": not self.is_over}


def _sender(scope: Scope) -> str:
    peer, *_ = scope.get("client") or ("",)
    said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return whose(client_address(str(peer), b",".join(said).decode("latin-1")))


async def _whole(
    body: Incoming, held: contextlib.AsyncExitStack, *, who: str, declared: int
) -> bytes:
    """`held` has its place among the large ones until the request is answered."""
    most, found, is_large = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, bytearray(), False
    try:
        async with asyncio.timeout(BODY_S):
            while not body.is_over:
                if max(declared, len(found)) > most:
                    break
                if len(found) > SMALL and not is_large:
                    await held.enter_async_context(large_ones.taken(who))
                    is_large = True
                found += await body.more()
    except TimeoutError as exc:
        raise _too_slow() from exc
    if max(declared, len(found)) > most:
        raise TooLargeError(f"The body is larger than {most} bytes")
    return bytes(found)


def _too_slow() -> TooSlowError:
    return TooSlowError(
        f"The body did not come within {BODY_S:.0f} s", fix="Send it again, without pauses."
    )


def _again(whole: bytes, receive: Receive) -> Receive:
    """The body once; after it whatever the server says, which is that the sender is gone."""
    first: list[Message] = [{"type": "http.request", "body": whole, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


async def _with_pieces(
    scope: Scope, body: Incoming, send: Send, *, rest: Http, is_chunked: bool
) -> None:
    """WSGI reads no body without a length: an archive of unknown length gets one that is too long,
    and ends when it ends."""
    if is_chunked:
        _set_length(scope, settings.KYOZO["ARCHIVE_MB"] * 1024 * 1024 + 1)

    async def send_on(message: Message) -> None:
        await send(_closing(message) if body.is_late else message)

    await rest(scope, body.piece, send_on)


async def _refuse(
    scope: Scope, body: Incoming, send: Send, error: KyozoError, *, rest: Http
) -> None:
    """The answer at once, the end of the connection when the sender has come to it: who is cut off
    while sending sees no answer."""
    scope[REFUSAL] = error
    _set_length(scope, 0)

    async def send_on(message: Message) -> None:
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if is_last:
            await send({**message, "more_body": True})
            await _rest_of(body)
        await send({"type": "http.response.body", "body": b""} if is_last else _closing(message))

    await rest(scope, body.piece, send_on)


async def _rest_of(body: Incoming) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while not body.is_over:
                await body.more()


def _closing(message: Message) -> Message:
    if message["type"] != "http.response.start":
        return message
    return {**message, "headers": [*message["headers"], CLOSE]}


def _set_length(scope: Scope, length: int) -> None:
    others = [pair for pair in scope["headers"] if pair[0] not in {LENGTH, CHUNKED}]
    scope["headers"] = [*others, (LENGTH, str(length).encode())]


def takes_archives(scope: Scope) -> bool:
    """Whether a view is to have it that takes archives, and by this method."""
    if not scope["path"].endswith("/archive"):
        return False
    try:
        view = getattr(resolve(scope["path"]).func, "cls", None)
    except Resolver404:
        return False
    takes = getattr(view, "parser_classes", None) is ARCHIVES
    return takes and scope["method"] in getattr(view, "actions", {})
