"""One connection to the live socket: frames as they come, and where to go on after a loss."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets.exceptions import WebSocketException
from websockets.sync.client import reconnect

from kyozo.cli.client import Api, is_loopback

OPEN_S = 5
MAX_FRAME = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """`number` is set for what is never lost; other frames are hints."""

    event: str
    payload: Mapping[str, Any]
    number: int | None = None

    @classmethod
    def parse(cls, text: str | bytes) -> "Frame | None":
        try:
            raw = json.loads(text)
        except ValueError:
            return None
        if not isinstance(raw, dict):
            return None
        number = raw.get("sequence_number")
        return cls(
            event=str(raw.get("event")),
            payload=raw.get("payload") or {},
            number=number if isinstance(number, int) else None,
        )


class LiveClosedError(Exception):
    """The socket cannot be opened (a proxy in between, for example) or was closed."""


class Connect(reconnect):
    def process_redirect(self, exc: Exception) -> Exception:
        """Not followed: the token would go along, to whatever host."""
        return exc


class LiveSocket:
    """`receive` answers None when nothing came in time; `last` is what to resume after."""

    def __init__(self, api: Api, *, since: int | None = None, build_logs: bool = False) -> None:
        self.last = since
        self._opened = ExitStack()
        try:
            self._socket = self._opened.enter_context(_connection(api, since))
            if build_logs:
                self._socket.send(json.dumps({"type": "subscribe", "build_logs": True}))
        except (OSError, WebSocketException, ValueError) as exc:
            raise LiveClosedError(str(exc)) from exc

    def receive(self, timeout_s: float) -> Frame | None:
        try:
            frame = Frame.parse(self._socket.recv(timeout=timeout_s))
        except TimeoutError:
            return None
        except (OSError, WebSocketException) as exc:
            raise LiveClosedError(str(exc)) from exc
        if frame and frame.number is not None:
            self.last = frame.number
        return frame

    def close(self) -> None:
        self._opened.close()


def _connection(api: Api, since: int | None) -> Connect:
    return Connect(
        _address(api, since),
        # In the address it would stand in the logs of each proxy.
        additional_headers={"X-API-Key": api.token},
        # A proxy meant for the internet cannot reach this machine's own address.
        proxy=None if is_loopback(api.url) else True,
        open_timeout=OPEN_S,
        max_size=MAX_FRAME,
        compression=None,
    )


def _address(api: Api, since: int | None) -> str:
    parts = urlsplit(api.url)
    query = {"team_id": api.team_id}
    if since is not None:
        query["since"] = str(since)
    scheme = "wss" if parts.scheme == "https" else "ws"
    path = f"{parts.path.rstrip('/')}/live/containers"
    return urlunsplit((scheme, parts.netloc, path, urlencode(query), ""))
