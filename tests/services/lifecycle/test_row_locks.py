"""Who holds a service's row may wait for who writes an operation of it, but not the other way
round, too: where rows have locks (PostgreSQL) that would be a deadlock."""

import threading
import time

import pytest
from django.db import transaction

from services.lifecycle import operations
from services.lifecycle.deploy import deploy
from services.lifecycle.operations import take
from services.lifecycle.restart import restart
from services.models import Operation, Queue, Service
from tests.services.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_asks_for_a_deploy_holds_up_no_worker_that_begins_what_waits(
    running: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = restart(running, actor="alice")
    is_claimed, holds = threading.Event(), threading.Event()
    begin = operations._begin

    def begun(operation: Operation, queue: Queue) -> bool:
        is_claimed.set()
        assert holds.wait(timeout=20)
        return begin(operation, queue)

    def ask() -> Operation:
        assert is_claimed.wait(timeout=20)
        with transaction.atomic():
            Service.objects.locked().get(pk=running.pk)
            holds.set()
            time.sleep(0.5)  # the worker writes that the restart runs meanwhile
            return deploy(running, actor="bob")

    monkeypatch.setattr(operations, "_begin", begun)
    taken, asked = at_once(lambda: take(Queue.LIFECYCLE), ask)

    waiting.refresh_from_db()
    assert isinstance(asked, Operation)
    assert asked.state == "queued"
    assert waiting.state == ("running" if taken else "superseded")
