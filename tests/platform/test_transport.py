"""The in-process transport: a message wakes its consumer, and closing wakes everybody."""

import threading
import time

from kyozo.platform.transport import Bell


def test_a_ring_between_looking_and_waiting_is_not_missed() -> None:
    bell = Bell()
    seen = bell.count
    bell.ring()

    assert bell.wait(since=seen, timeout_s=0)


def test_nothing_happens_without_a_ring() -> None:
    bell = Bell()

    assert not bell.wait(since=bell.count, timeout_s=0.01)


def test_closing_ends_a_wait_at_once() -> None:
    bell = Bell()
    threading.Timer(0.05, bell.close).start()

    began = time.monotonic()
    assert not bell.wait(since=bell.count, timeout_s=10)

    assert time.monotonic() - began < 5
