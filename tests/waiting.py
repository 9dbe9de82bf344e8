"""Waiting for something to happen, with an end."""

import time
from collections.abc import Callable


def wait_until(
    happened: Callable[[], object], *, within_s: float, what: str, look_every_s: float = 0.1
) -> None:
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(look_every_s)
