"""/live/containers: lets a socket in, hands it to the hub, and answers its few messages."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError

from services.errors import (
    BadRequestError,
    ForbiddenError,
    KyozoError,
    NotFoundError,
    TooManyError,
    UnauthorizedError,
)
from services.live import proof
from services.live.client import GONE, TOO_SLOW, Client, in_time
from services.live.hub import Hub, hub
from services.live.socket_logs import BROKEN, SocketLogs
from services.proxied import client_address
from services.teams.policy import as_uuid

log = logging.getLogger(__name__)

PROTOCOL = "kyozo"
TOKEN_PROTOCOL = "kyozo.token."  # noqa: S105 - a prefix, not a token
FIRST_MESSAGE_S = 10.0
MOST_TEXT = 16 * 1024
# A socket is refused with the status that HTTP would answer, as a code that applications may use.
NOT_AUTHENTICATED, NO_SUCH_ADDRESS = 4401, 4404
COME_AGAIN = 1013
REFUSALS = {
    error.status: 4000 + error.status
    for error in (BadRequestError, UnauthorizedError, ForbiddenError, NotFoundError, TooManyError)
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client said about itself, in the address or in its first message."""

    token: str = ""
    team_id: UUID | None = None
    since: int | None = None

    @classmethod
    def of(cls, said: dict[str, Any]) -> "Wish":
        team = said.get("team_id")
        return cls(
            str(said.get("token") or ""),
            as_uuid(str(team)) or UUID(int=0) if team else None,
            _number(said.get("since")),
        )


class ContainersConsumer(AsyncWebsocketConsumer):
    """Refuses only after `accept`: browsers see the code of a close, not of a failed handshake."""

    client: Client | None = None
    logs: SocketLogs  # with the client
    _hub: Hub
    _waiting: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Whatever ends it, its place in the hub is given up: else a team is read for nobody; and
        who is still there is told why by a code."""
        self._hub = hub()
        self._hub.hold(self)
        try:
            await super().__call__(scope, receive, send)
        except TimeoutError:
            await self._end(TOO_SLOW, "too slow: reconnect with since")
        except DatabaseError:
            log.exception("a socket is closed: the database does not answer")
            await self._end(COME_AGAIN, "the database does not answer: come again")
        except GONE as exc:
            log.debug("a socket is gone: %s", exc)
        except Exception:
            log.exception("a socket is closed by an error")
            await self._end(BROKEN, "internal error: reconnect with since")
        finally:
            self._let_go()

    async def connect(self) -> None:
        offered = self.scope.get("subprotocols", [])
        chosen = PROTOCOL if PROTOCOL in offered else next(iter(offered), None)
        await self.accept(subprotocol=chosen)
        said = {name: values[-1] for name, values in _query(self.scope).items()}
        self._headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in self.scope["headers"]}
        said.setdefault("token", _offered_token(offered) or self._headers.get("x-api-key", ""))
        if said["token"] or proof.session_key(self._headers):
            await self._enter(said)
        else:
            self._expect_first_message()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            message = _parse(text_data)
            kind = str(message.get("type"))
            if self.client is None and kind != "authenticate":
                await self.close(NOT_AUTHENTICATED, "send authenticate first")
            else:
                await self._answers().get(kind, self._unknown)(message)
        except KyozoError as exc:
            error = {"message": exc.message, "code": exc.error_code}
            await self._tell({"event": "error", "payload": error})

    async def _tell(self, body: dict[str, Any]) -> None:
        """Raises TimeoutError where it is not read: who only asks holds a place, too."""
        await in_time(self.send(json.dumps(body)))

    async def _end(self, code: int, reason: str) -> None:
        with contextlib.suppress(*GONE):
            await in_time(self.close(code, reason))

    def _let_go(self) -> None:
        if self._waiting:
            self._waiting.cancel()
        if self.client:
            self.logs.close()
            self._hub.leave(self.client)
        self._hub.release(self)

    def _answers(self) -> dict[str, Callable[[dict[str, Any]], Awaitable[None]]]:
        return {
            "authenticate": self._authenticate,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "follow_logs": self._follow_logs,
            "unfollow_logs": self._unfollow_logs,
            "ping": self._ping,
        }

    async def _authenticate(self, message: dict[str, Any]) -> None:
        if self.client is not None:
            raise BadRequestError("This socket is authenticated already")
        if self._waiting:
            self._waiting.cancel()
        await self._enter(message)

    async def _subscribe(self, message: dict[str, Any]) -> None:
        assert self.client is not None  # noqa: S101 - receive() saw to it
        self.client.choice = self.client.choice.subscribe(message)

    async def _unsubscribe(self, message: dict[str, Any]) -> None:
        assert self.client is not None  # noqa: S101 - receive() saw to it
        self.client.choice = self.client.choice.unsubscribe(message)

    async def _follow_logs(self, message: dict[str, Any]) -> None:
        await self.logs.follow(message)

    async def _unfollow_logs(self, message: dict[str, Any]) -> None:
        self.logs.unfollow(message)

    async def _ping(self, message: dict[str, Any]) -> None:
        await self._tell({"event": "pong", "payload": {}})

    async def _unknown(self, message: dict[str, Any]) -> None:
        raise BadRequestError(f"type must be one of {', '.join(self._answers())}")

    async def _enter(self, said: dict[str, Any]) -> None:
        try:
            wish = Wish.of(said)
            admitted = await self._prove(wish)
        except KyozoError as exc:
            await self.close(REFUSALS[exc.status], exc.message)
        else:
            self.client = Client(admitted, send=self._push, close=self.close)
            self.logs = SocketLogs(self.client)
            await self._join(wish)

    async def _join(self, wish: Wish) -> None:
        assert self.client is not None  # noqa: S101 - _enter() made it
        try:
            await self._hub.join(self.client, since=wish.since)
        except TimeoutError:
            self.client.give_up()
            self._hub.leave(self.client)
        except GONE:
            self._hub.leave(self.client)

    async def _prove(self, wish: Wish) -> proof.Proof:
        peer, _port = self.scope.get("client") or ("", 0)
        address = client_address(peer, self._headers.get("x-forwarded-for", ""))
        asked = proof.Asked(self._headers, address, wish.team_id)
        if wish.token:
            return await self._hub.feed.run(proof.by_token, asked, wish.token)
        return await self._hub.feed.run(proof.by_session, asked)

    async def _push(self, text: str) -> None:
        """Past Channels' dispatch: with a thousand sockets that costs more than all the rest."""
        await self.base_send({"type": "websocket.send", "bytes": None, "text": text})

    def _expect_first_message(self) -> None:
        def too_late() -> None:
            self._closing = asyncio.ensure_future(
                self.close(NOT_AUTHENTICATED, "no token came: send authenticate")
            )

        self._waiting = asyncio.get_running_loop().call_later(FIRST_MESSAGE_S, too_late)


class Nowhere(AsyncWebsocketConsumer):
    """Any other address."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(NO_SUCH_ADDRESS, "no such address")


def _offered_token(protocols: Iterable[str]) -> str:
    """Browsers can set no header on a socket, but they can offer a protocol."""
    found = next((name for name in protocols if name.startswith(TOKEN_PROTOCOL)), "")
    return found.removeprefix(TOKEN_PROTOCOL)


def _number(since: Any) -> int | None:
    """A whole number, in an address as text; JSON also has 1e999, true and 1.5."""
    if since is None or since == "":
        return None
    if isinstance(since, str) and since.isascii() and since.isdecimal() and len(since) < 20:
        since = int(since)
    if type(since) is not int or not 0 <= since < 2**62:
        raise BadRequestError("since must be a whole number")
    return since


def _query(scope: Any) -> dict[str, list[str]]:
    raw = scope.get("kyozo.query", scope["query_string"])
    return parse_qs(raw.decode("latin-1"))


def _parse(text: str | None) -> dict[str, Any]:
    if text is None or len(text) > MOST_TEXT:
        raise BadRequestError("A message is JSON text of at most 16 KiB")
    try:
        message = json.loads(text)
        # A lone surrogate is legal in JSON and is in no token, id or text: encoding finds it.
        json.dumps(message, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        raise BadRequestError("The message is not valid JSON") from exc
    if not isinstance(message, dict):
        raise BadRequestError("The message must be a JSON object")
    return message
