"""Following operations to their ends: live where the socket can be had, else by asking.

The socket only says which operation moved, and may lose that; how it stands is always asked.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from kyozo.cli.answers import Operation
from kyozo.cli.build_logs import BuildLogs
from kyozo.cli.client import Api
from kyozo.cli.errors import ApiError, UnreachableError
from kyozo.cli.live import Frame, LiveClosedError, LiveSocket

POLL_S = 1.0
FRAME_S = 0.25
HINT_S = 0.2
REFRESH_S = 5.0
RECONNECT_S = 5.0
LOST_S = 60.0

Watch = Callable[[Operation], None]


class Follower:
    """`on_change` sees every operation whenever it may have changed; `logs` prints build logs."""

    def __init__(
        self, api: Api, operations: Iterable[Operation], *, on_change: Watch, logs: BuildLogs | None
    ) -> None:
        self._api = api
        self._operations = {operation.id: operation for operation in operations}
        self._on_change = on_change
        self._logs = logs
        self._socket: LiveSocket | None = None
        self._since: int | None = None
        self._connect_at = 0.0
        self._refresh_at = 0.0
        self._looked_at = 0.0
        self._told: set[str] = set()
        self._answered_at = time.monotonic()
        self._interrupts = 0
        self._has_cancelled = False

    @property
    def open(self) -> list[Operation]:
        return [operation for operation in self._operations.values() if operation.is_open]

    def run(self) -> list[Operation]:
        """All of them in their final state, in the order given."""
        try:
            for operation in self._operations.values():
                self._on_change(operation)
            while self.open:
                self._pass()
        finally:
            self._disconnect()
        if self._logs:
            self._logs.finish(self._operations.values())
        return list(self._operations.values())

    def interrupt(self) -> None:
        """Ctrl-C: the first asks for a clean end, which is then waited for; the second leaves."""
        self._interrupts += 1
        if self._interrupts > 1:
            raise KeyboardInterrupt

    @property
    def was_interrupted(self) -> bool:
        return self._interrupts > 0

    def _cancel(self) -> None:
        for operation in self.open:
            # What is past cancelling refuses, and goes on to its end.
            with suppress(ApiError, UnreachableError):
                self._api.post(self._api.team_path(f"/operations/{operation.id}/cancel"))
        self._refresh_at = 0.0

    def _pass(self) -> None:
        if self.was_interrupted and not self._has_cancelled:
            self._has_cancelled = True
            self._cancel()
        self._connect()
        for frame in self._frames(FRAME_S):
            self._hear(frame)
        self._look()

    def _connect(self) -> None:
        if self._socket or time.monotonic() < self._connect_at:
            return
        try:
            self._socket = LiveSocket(
                self._api, since=self._since, build_logs=self._logs is not None
            )
        except LiveClosedError:
            self._connect_at = time.monotonic() + RECONNECT_S
        # What happened before the socket was open is told by nobody else.
        self._refresh_at = 0.0

    def _disconnect(self) -> None:
        if self._socket:
            self._since = self._socket.last
            self._socket.close()
            self._socket = None

    def _frames(self, wait_s: float) -> Iterator[Frame]:
        if self._socket is None:
            time.sleep(wait_s)
            return
        try:
            if frame := self._socket.receive(wait_s):
                yield frame
        except LiveClosedError:
            self._disconnect()

    def _hear(self, frame: Frame) -> None:
        if frame.event == "build_log" and self._logs:
            self._logs.hear(frame.payload)
        elif frame.event == "operation_progress":
            self._told.add(str(frame.payload.get("operation_id")))
        elif frame.event == "resync":
            self._refresh_at = 0.0

    def _look(self) -> None:
        """Ask about what was told of, and now and then about all: hints may be lost."""
        now = time.monotonic()
        if now >= self._refresh_at:
            self._refresh_at = now + (REFRESH_S if self._socket else POLL_S)
            self._refresh(self.open)
        elif self._told and now >= self._looked_at + HINT_S:
            self._refresh([one for one in self.open if one.id in self._told])

    def _refresh(self, operations: list[Operation]) -> None:
        self._looked_at = time.monotonic()
        self._told.clear()
        try:
            for operation in operations:
                self._take(self._ask(operation))
        except UnreachableError:
            # The platform may be restarting: operations outlive it.
            if time.monotonic() - self._answered_at > LOST_S:
                raise
            return
        self._answered_at = time.monotonic()
        if self._logs and self._socket is None:
            self._logs.poll(self._operations.values())

    def _take(self, operation: Operation) -> None:
        self._operations[operation.id] = operation
        self._on_change(operation)

    def _ask(self, operation: Operation) -> Operation:
        path = self._api.team_path(f"/operations/{operation.id}")
        try:
            return Operation.parse(self._api.get(path))
        except ApiError as exc:
            if exc.http_status == 404 and operation.kind == "remove":
                return replace(operation, state="succeeded")  # gone, and its records with it
            raise
