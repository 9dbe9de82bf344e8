"""Folders: registered and uploaded, and what of a folder goes along."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from kyozo_sdk import InvalidError
from kyozo_sdk.packing import archive_of, pack
from services.models import Workspace
from tests.factories import make_folder
from tests.sdk.both import Api
from tests.sdk.conftest import Make
from tests.sdk.cutting import Cutter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path, "to-send")


def names(place: Path) -> dict[str, tarfile.TarInfo]:
    with pack(place) as packed, tarfile.open(fileobj=packed, mode="r:gz") as archive:
        return {info.name: info for info in archive.getmembers()}


def test_a_folder_is_uploaded_and_looked_at(sdk: Api, folder: Path) -> None:
    made = sdk.workspaces.upload(folder, name="sent")

    assert (made.name, made.storage_backend) == ("sent", "archive")
    listed = [file.name for file in sdk.workspaces.iterate_files(made.id, limit=1)]
    assert listed == ["app.py", "requirements.txt"]
    assert sdk.workspaces.read_file(made.id, "app.py").text.startswith("from flask")
    assert sdk.workspaces.analyze(made.id).services[0].framework == "flask"


@pytest.mark.parametrize("form", ["path", "bytes", "file"])
def test_an_archive_is_sent_as_it_is(sdk: Api, folder: Path, tmp_path: Path, form: str) -> None:
    with pack(folder) as packed:
        raw = packed.read()
    (tmp_path / "app.tar.gz").write_bytes(raw)
    sources = {"path": str(tmp_path / "app.tar.gz"), "bytes": raw, "file": io.BytesIO(raw)}

    made = sdk.workspaces.upload(sources[form], name="sent")

    assert len(sdk.workspaces.list_files(made.id)) == 2


def test_another_content_takes_its_place(sdk: Api, folder: Path) -> None:
    made = sdk.workspaces.upload(folder)
    (folder / "more.py").write_text("x = 1\n")

    sdk.workspaces.replace_archive(made.id, folder)

    assert "more.py" in [file.name for file in sdk.workspaces.list_files(made.id)]


@pytest.mark.parametrize("where", ["before", "after"])
def test_an_upload_that_was_cut_makes_one_workspace(
    make: Make, wire: Cutter, folder: Path, where: str
) -> None:
    setattr(wire, where, 1)

    made = make(base_url=wire.url).workspaces.upload(folder, name="sent")

    assert [str(row.id) for row in Workspace.objects.all()] == [made.id]


def test_what_is_no_archive_is_refused(sdk: Api) -> None:
    with pytest.raises(InvalidError) as caught:
        sdk.workspaces.upload(b"just text")

    assert caught.value.code == "archive.unknown_format"


def test_secrets_and_what_is_made_again_stay_here(folder: Path) -> None:
    kept = (".env.example", ".dockerignore", "src/.env.sample", "env", ".environment")
    left: tuple[str, ...] = (
        ".env",
        ".env.local",
        "src/.env.production",
        ".git/config",
        ".kyozo/x",
        "src/.git/x",
    )
    left += ("node_modules/a.js", "src/node_modules/a.js", ".venv/x", "__pycache__/x.pyc")
    for name in (*kept, *left):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")

    sent = set(names(folder))

    assert set(kept) <= sent
    assert sent & {part for name in left for part in (name, name.rpartition("/")[0])} <= {"src"}


@pytest.mark.parametrize(
    ("target", "goes"),
    [
        ("app.py", True),
        ("../app.py", False),
        ("/etc/passwd", False),
        ("sub/../../x", False),
        (".", True),
    ],
)
def test_links_that_lead_out_stay_here(folder: Path, target: str, goes: bool) -> None:
    (folder / "link").symlink_to(target)

    assert ("link" in names(folder)) == goes


def test_what_is_no_file_stays_here(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    assert set(names(folder)) == {"app.py", "requirements.txt"}


def test_nothing_of_this_machine_goes_along(folder: Path) -> None:
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o4755)

    infos = names(folder)

    assert {(i.uid, i.gid, i.uname, i.gname, i.mtime) for i in infos.values()} == {
        (0, 0, "", "", 0)
    }
    assert infos["run.sh"].mode == 0o755


def test_the_same_content_is_the_same_archive(folder: Path, tmp_path: Path) -> None:
    os.utime(folder / "app.py", (1, 1))
    other = make_folder(tmp_path, "again")

    with pack(folder) as first, pack(other) as second:
        assert first.read() == second.read()


def test_what_was_packed_is_gone_afterwards(folder: Path) -> None:
    with archive_of(folder) as archive:
        assert archive.media_type == "application/gzip"
        assert not archive.file.closed

    assert archive.file.closed
