"""What every probe answers: one look at one address, with words for people when it went wrong."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Runs an argument list in the instance within that many seconds: exit code and output.
Exec = Callable[[Sequence[str], float], tuple[int, str]]


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`error` is empty when `ok`; `status_code` is of HTTP checks only."""

    ok: bool
    response_time_ms: int
    status_code: int | None = None
    error: str = ""

    @property
    def status(self) -> str:
        return "healthy" if self.ok else "unhealthy"


class Stopwatch:
    """One time limit for everything a probe does, however many small steps that takes."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._started_at = time.monotonic()

    @property
    def elapsed_ms(self) -> int:
        return round((time.monotonic() - self._started_at) * 1000)

    def left_s(self) -> float:
        """For the next step; raises `TimeoutError` when the time is over."""
        left_s = self._started_at + self.timeout_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


def in_words(exc: OSError, *, port: int, timeout_s: float) -> str:
    """Why a connection failed, and what is most likely wrong in the app."""
    if isinstance(exc, ConnectionRefusedError):
        return (
            f"connection refused: nothing listens on port {port} "
            "(does the app listen on 127.0.0.1? it must listen on 0.0.0.0)"
        )
    if isinstance(exc, TimeoutError):
        return f"no answer on port {port} within {timeout_s:g} s"
    if isinstance(exc, ConnectionResetError | BrokenPipeError):
        return f"port {port} closed the connection in the middle of the check"
    return f"port {port} cannot be reached: {(exc.strerror or str(exc)).lower()}"
