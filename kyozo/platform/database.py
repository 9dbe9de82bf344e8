"""The database at a start: copied before it is changed, then brought to this version."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

KEPT_COPIES = 3


def prepare(backups: Path) -> None:
    """Apply the pending migrations; a database that has data is copied first."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    if connection.vendor == "sqlite" and executor.loader.applied_migrations:
        copy(Path(connection.settings_dict["NAME"]), backups)
    call_command("migrate", interactive=False, verbosity=0)


def copy(database: Path, folder: Path) -> Path:
    """A consistent copy, also while somebody writes; the oldest ones beyond three go."""
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{database.stem}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.sqlite3"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target)) as sink:
        source.backup(sink)
    target.chmod(0o600)
    for old in sorted(folder.glob(f"{database.stem}-*.sqlite3"))[:-KEPT_COPIES]:
        old.unlink()
    return target
