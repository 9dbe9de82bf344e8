"""Copies of workspaces: replaced at once, and nothing of a dead process stays for ever."""

import io
import os
import time
from pathlib import Path
from uuid import uuid4

import pytest

from services.errors import ConflictError
from services.lifecycle.clean import clean
from services.lifecycle.trees import SETTLED_S, holding, trees
from services.lifecycle.workspaces import from_archive, replace_archive
from services.models import OperationState, Workspace
from tests.conftest import Person
from tests.factories import make_operation, make_service
from tests.sources.archives import APP, tar_gz_of

pytestmark = pytest.mark.usefixtures("state_dir")

NEW = {"new.py": b"print(2)\n"}


class Killed(BaseException):
    """Nothing in the product catches it."""


class Dying:
    """A sender whose receiver is killed in the middle."""

    def __init__(self) -> None:
        self.pieces = [b"\x1f\x8b half"]

    def read(self, size: int, /) -> bytes:
        if not self.pieces:
            raise Killed
        return self.pieces.pop()


@pytest.fixture
def sent(alice: Person) -> Workspace:
    return from_archive(alice.team, io.BytesIO(tar_gz_of(APP)), name="app")


def place(workspace: Workspace) -> Path:
    return trees() / str(workspace.id)


def left_by_a_dead_process(where: Path) -> None:
    (where / "0123.part").mkdir(parents=True)
    (where / "0123.part" / "half").write_text("x")
    (where / "4567.part").write_bytes(b"\x1f\x8b half")
    (where / "89ab").mkdir()  # whole, and never put in place
    (where / "lock").touch()


def names(where: Path) -> set[str]:
    return {path.name for path in where.iterdir()} - {"lock"}


def test_a_process_that_dies_half_way_breaks_nothing_in_use(sent: Workspace) -> None:
    with pytest.raises(Killed):
        replace_archive(sent, Dying())

    assert sorted(p.name for p in Path(Workspace.objects.get().root).iterdir()) == [
        "app.py",
        "static",
    ]


def test_its_leftovers_go_with_the_next_archive(sent: Workspace) -> None:
    left_by_a_dead_process(place(sent))

    replace_archive(sent, io.BytesIO(tar_gz_of(NEW)))

    assert names(place(sent)) == {Path(sent.root).parent.name}


def test_its_leftovers_go_with_a_clean_up(sent: Workspace) -> None:
    left_by_a_dead_process(place(sent))

    report = clean()

    assert {one.name for one in report.removed if one.kind == "source"} == {
        "0123.part",
        "4567.part",
        "89ab",
    }
    assert names(place(sent)) == {Path(sent.root).parent.name}


def test_a_dry_run_only_tells(sent: Workspace) -> None:
    left_by_a_dead_process(place(sent))

    assert len(clean(dry_run=True).removed) == 3
    assert len(names(place(sent))) == 4


def test_what_is_being_made_is_left_alone(sent: Workspace) -> None:
    with holding(sent.id):
        left_by_a_dead_process(place(sent))
        clean()

        assert len(names(place(sent))) == 4


def test_a_tree_that_a_deploy_reads_stays_until_it_ends(sent: Workspace) -> None:
    service = make_service(sent.team, workspace=sent)
    operation = make_operation(service, state=OperationState.RUNNING)
    old = Path(sent.root)

    replace_archive(sent, io.BytesIO(tar_gz_of(NEW)))
    assert old.is_dir()
    operation.state = OperationState.SUCCEEDED
    operation.save()
    clean()

    assert names(place(sent)) == {Path(sent.root).parent.name}


def test_a_tree_that_no_row_knows_goes_only_when_asked(db: None) -> None:
    unknown = trees() / str(uuid4())
    left_by_a_dead_process(unknown)
    clean(orphans=True)
    assert len(names(unknown)) == 3, "it may be of a workspace that is just being made"
    past = time.time() - SETTLED_S - 1

    os.utime(unknown, (past, past))
    clean()
    assert names(unknown) == {"89ab"}
    os.utime(unknown, (past, past))
    clean(orphans=True)

    assert not unknown.exists()


def test_two_at_once_into_one_workspace_are_one_too_many(sent: Workspace) -> None:
    with holding(sent.id), pytest.raises(ConflictError) as caught:
        replace_archive(sent, io.BytesIO(tar_gz_of(NEW)))

    assert caught.value.error_code == "workspace.busy"


def test_few_workspaces_are_filled_at_once(alice: Person) -> None:
    with holding(uuid4()), holding(uuid4()), holding(uuid4()), pytest.raises(ConflictError):
        from_archive(alice.team, io.BytesIO(tar_gz_of(APP)))

    assert from_archive(alice.team, io.BytesIO(tar_gz_of(APP))).name == "upload"
