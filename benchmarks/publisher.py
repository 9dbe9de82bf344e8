"""A worker's part, as a process of its own: one event after the other, each with its commit's time.

The first line of its output is a token; then, told to go, a line an event until its input ends.
"""

import argparse
import sys
import threading
import time

from django.core.management import call_command
from django.db import transaction

import kyozo.wsgi  # noqa: F401 - sets Django up
from services import events
from services.models import Service
from tests.factories import make_member, make_service, make_team, make_token


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, required=True)
    rate = parser.parse_args().rate
    call_command("migrate", verbosity=0)
    team = make_team("live")
    service = make_service(team, name="web")
    print(make_token(team, make_member(team, "listener")), flush=True)
    sys.stdin.readline()
    is_over = threading.Event()
    threading.Thread(target=wait_for_end, args=(is_over,), daemon=True).start()
    due = time.monotonic()
    while not is_over.wait(max(0, due - time.monotonic())):
        due += 1 / rate
        publish(service)


def wait_for_end(is_over: threading.Event) -> None:
    sys.stdin.read()
    is_over.set()


def publish(service: Service) -> None:
    """The clock is that of the whole machine; it is read before anybody is told."""
    committed: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: committed.append(time.monotonic()))
        event = events.publish(service, event_type="container_restarted", duration_ms=1200)
    print(event.number, committed[0], flush=True)


if __name__ == "__main__":
    main()
