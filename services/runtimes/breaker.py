"""Stops asking an engine that does not answer: after some failures calls fail at once."""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Counts failures in a row; `remaining_s` is how long nobody should ask again."""

    def __init__(
        self,
        *,
        threshold: int = 3,
        pause_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = threshold
        self._pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0

    def remaining_s(self) -> float:
        return max(0.0, self._closed_until - self._clock())

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0
            self._closed_until = 0.0

    def failed(self) -> None:
        """The count survives the pause, so one more failure after it is enough to pause again."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._threshold:
                self._closed_until = self._clock() + self._pause_s
