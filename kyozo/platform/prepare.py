"""`python -m kyozo.platform.prepare`: once before each start of the other parts, also of new code.

Waits for the database, brings it to this version and writes the router's file. Harmless twice, and
twice at once: PostgreSQL's own lock lets one after the other migrate.
"""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kyozo.platform import part

WAIT_S = 60.0
LOCK = 7_070_551  # any number that nobody else of this database uses


def main() -> int:
    part.begin(KYOZO_RUNTIME="remote", KYOZO_ROUTER="external")
    from django.core.management import call_command  # noqa: PLC0415 - when Django is set up

    from services.errors import KyozoError  # noqa: PLC0415
    from services.lifecycle.routes import republish  # noqa: PLC0415

    log = logging.getLogger("kyozo.platform")
    if not _is_there():
        log.error("the database did not answer within %g s", WAIT_S)
        return 1
    with _alone():
        call_command("migrate", interactive=False, verbosity=0)
    try:
        republish()
    except KyozoError as exc:
        log.warning("the routes are written by the workers: %s", exc.message)
    log.info("the database is at this version")
    return 0


def _is_there() -> bool:
    from django.db import DatabaseError, connection  # noqa: PLC0415

    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            connection.ensure_connection()
        except DatabaseError:
            time.sleep(1)
        else:
            return True
    return False


@contextmanager
def _alone() -> Iterator[None]:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


if __name__ == "__main__":
    sys.exit(main())
