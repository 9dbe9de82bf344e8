"""The in-process message transport: consumers are woken by a message instead of polling for one."""

from queue import Empty
from threading import Condition
from time import monotonic
from typing import Any

from kombu.transport import memory

NAME = "kyozo.platform.transport:Transport"


class Bell:
    """Counts what happened, so that a ring between looking and waiting is not missed."""

    def __init__(self) -> None:
        self.count = 0
        self.is_closing = False
        self._changed = Condition()

    def ring(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def close(self) -> None:
        """From now on nobody waits: consumers come back at once and see that they shall stop."""
        self.is_closing = True
        self.ring()

    def wait(self, *, since: int, timeout_s: float | None) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self.count != since, timeout=timeout_s)
            return self.count != since and not self.is_closing


bell = Bell()


class Channel(memory.Channel):
    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        bell.ring()

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's signature
        # A consumer at its prefetch limit waits for this as much as for a message.
        super().basic_ack(delivery_tag, multiple)
        bell.ring()

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's signature
        super().basic_reject(delivery_tag, requeue)
        bell.ring()


class Transport(memory.Transport):
    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            seen = bell.count
            try:
                self.cycle.get(  # type: ignore[union-attr]  # set by its constructor
                    self._deliver, timeout=timeout
                )
            except Empty:
                left = None if deadline is None else deadline - monotonic()
                if not bell.wait(since=seen, timeout_s=left):
                    raise TimeoutError from None
            else:
                return
