"""One socket as the hub sees it: a bounded queue, a time limit, and what its owner asked for."""

import asyncio
import contextlib
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any

from services.live.choice import EVERYTHING, Choice
from services.live.frames import BUILD_LOG, Frame
from services.live.proof import Proof

MOST_BYTES = 2 * 1024 * 1024
SEND_S = 10.0
TOO_SLOW = 4408

GONE = (OSError, RuntimeError)  # how servers say that the peer is gone

Send = Callable[[str], Coroutine[Any, Any, None]]
Close = Callable[[int, str], Awaitable[None]]


async def in_time(sending: Awaitable[None]) -> None:
    """Raises TimeoutError when the peer does not read."""
    async with asyncio.timeout(SEND_S):
        await sending


@dataclass(eq=False, slots=True)
class Client:
    """`send` and `close` are the consumer's; `position` is the last number that was queued."""

    proof: Proof
    send: Send
    close: Close
    position: int = 0
    choice: Choice = EVERYTHING
    is_ended: bool = False
    _waiting: deque[str] = field(default_factory=deque)
    _bytes: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _is_sending: bool = False

    def offer(self, frame: Frame) -> None:
        """Queue a frame this client wants; never waits. Who cannot keep up is closed."""
        if self.is_ended or not self._wants(frame):
            return
        if frame.number is not None:
            self.position = frame.number
        room = MOST_BYTES if frame.number is not None else MOST_BYTES // 2
        if self._bytes + len(frame.text) > room:
            if frame.number is not None:
                self.give_up()
            return
        if self._is_sending:
            self._waiting.append(frame.text)
            self._bytes += len(frame.text)
        else:
            self._begin(frame.text)

    async def replay(self, frame: Frame) -> None:
        """Send one frame now, before live ones are offered: the replay waits for the reader."""
        if self.is_ended:
            raise RuntimeError("the socket was closed meanwhile")
        if self._wants(frame):
            await self.say(frame.text)

    async def say(self, text: str) -> None:
        """Send what is for this client alone."""
        await in_time(self.send(text))

    def give_up(self, *, advice: str = "reconnect with since") -> None:
        """Close it because it does not keep up; it is told how to go on."""
        self.end(TOO_SLOW, f"too slow: {advice}")

    def end(self, code: int, reason: str) -> None:
        """Close it, once; what is queued is dropped."""
        if not self.is_ended:
            self.is_ended = True
            self._waiting.clear()
            self._spawn(self._close(code, reason))

    def _wants(self, frame: Frame) -> bool:
        if frame.number is not None and frame.number <= self.position:
            return False
        if frame.kind == BUILD_LOG and not self.choice.build_logs:
            return False
        if self.proof.workspace_id not in {None, frame.workspace_id}:
            return False
        return frame.service_id is None or self.choice.has(frame.service_id)

    def _begin(self, text: str) -> None:
        """Run the send until it blocks, which it mostly never does: a task for each of a thousand
        sockets costs more than the sending. Only what blocks goes on in a task."""
        sending = self.send(text)
        try:
            blocked_on = sending.send(None)
        except StopIteration:
            return
        except GONE:
            self.is_ended = True
            return
        self._is_sending = True
        self._spawn(self._go_on(_resumed(sending, blocked_on)))

    async def _go_on(self, sending: Awaitable[None]) -> None:
        try:
            await in_time(sending)
            while self._waiting:
                text = self._waiting.popleft()
                self._bytes -= len(text)
                await in_time(self.send(text))
        except TimeoutError:
            self.give_up()
        except GONE:
            self.is_ended = True
        finally:
            self._is_sending = False

    async def _close(self, code: int, reason: str) -> None:
        # A peer that reads nothing cannot be told either; the server's own pings end it then.
        with contextlib.suppress(*GONE):
            await in_time(self.close(code, reason))

    def _spawn(self, work: Awaitable[None]) -> None:
        # The loop keeps only weak references: a task nobody holds may vanish half done.
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@types.coroutine
def _resumed(sending: Coroutine[Any, Any, None], blocked_on: Any) -> Generator[Any, Any, None]:
    """The rest of a coroutine that ran outside a task until it waited for `blocked_on`."""
    try:
        yield blocked_on
        yield from sending.__await__()
    finally:
        sending.close()
