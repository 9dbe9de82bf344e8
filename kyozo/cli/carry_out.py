"""Watching operations from a command: the bar, Ctrl-C, the endings, and the exit status."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

from kyozo.cli import outcome
from kyozo.cli.answers import Operation
from kyozo.cli.errors import FAILED, INTERRUPTED
from kyozo.cli.session import Session
from kyozo.cli.stages import StageBar

if TYPE_CHECKING:
    from kyozo.cli.follow import Follower


def follow(session: Session, operations: list[Operation], *, logs: bool = False) -> list[Operation]:
    """Until all have ended. Ctrl-C cancels them and goes on waiting; a second one leaves."""
    # The socket's library takes its time to import, and most commands need none.
    from kyozo.cli.build_logs import BuildLogs  # noqa: PLC0415
    from kyozo.cli.follow import Follower  # noqa: PLC0415

    names = {operation.service_id: operation.service_name for operation in operations}
    with StageBar(session.screen) as bar:
        shown = BuildLogs(session.api, names=names, show=bar.log) if logs else None
        follower = Follower(session.api, operations, on_change=bar.update, logs=shown)
        with _interruptible(session, follower):
            ended = follower.run()
    if follower.was_interrupted:
        outcome.show_endings(session.screen, ended)
        raise typer.Exit(INTERRUPTED)
    return ended


def follow_to_end(session: Session, operations: list[Operation]) -> None:
    """For commands whose whole answer is how it ended."""
    ended = follow(session, operations)
    outcome.show_endings(session.screen, ended)
    if session.screen.is_json:
        session.screen.emit({"operations": [operation.raw for operation in ended]})
    if not all(operation.has_succeeded for operation in ended):
        raise typer.Exit(FAILED)


def get_operation(session: Session, operation_id: str) -> Operation:
    path = session.api.team_path(f"/operations/{operation_id}")
    return Operation.parse(session.api.get(path))


@contextmanager
def _interruptible(session: Session, follower: "Follower") -> Iterator[None]:
    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        follower.interrupt()
        session.screen.say("cancelling; press Ctrl-C again to leave without waiting")

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
