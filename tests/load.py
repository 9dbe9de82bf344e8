"""Requests in a thread, one after the other, while a test changes what serves them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx


@dataclass(slots=True)
class Load:
    """`failed`: what each bad answer was; `bodies`: the texts that came, each change of them."""

    url: str
    every_s: float
    sent: int = 0
    failed: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        with httpx.Client(trust_env=False, timeout=10) as client:
            while not self._stop.is_set():
                self._ask(client)
                time.sleep(self.every_s)

    def stop(self) -> None:
        self._stop.set()

    def _ask(self, client: httpx.Client) -> None:
        self.sent += 1
        try:
            answer = client.get(self.url)
        except httpx.HTTPError as exc:
            self.failed.append(repr(exc))
            return
        if answer.status_code != 200:
            self.failed.append(str(answer.status_code))
        elif not self.bodies or self.bodies[-1] != answer.text:
            self.bodies.append(answer.text)


@contextmanager
def load(url: str, *, every_s: float = 0.005) -> Iterator[Load]:
    running = Load(url, every_s)
    thread = threading.Thread(target=running.work, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.stop()
        thread.join()
