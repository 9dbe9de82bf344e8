"""Transactions of SQLite that take the lock of all writers with their first write."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def lock_at_first_write() -> Iterator[None]:
    """Transactions that begin in here read first. Where somebody else wrote in between, the first
    write fails with "database is locked" at once, and the whole has to be begun again: so this is
    for what has no effect outside of the database, and is begun again without it."""
    connection.ensure_connection()  # the mode is read from the settings when it is made
    this: Any = connection
    mode, this.transaction_mode = this.transaction_mode, "DEFERRED"
    try:
        yield
    finally:
        this.transaction_mode = mode
