"""GET /teams/T/workspaces/W/files and .../files/content"""

import os
from pathlib import Path
from typing import Any

import pytest

from services.models import Workspace
from services.sources.listing import MAX_SHOWN
from tests.conftest import Api

OUTSIDE = ["/..", "../x", "/etc/passwd", "a/../../b", "/missing", "/out", "/out/passwd", "x\x00y"]


def listing(api: Api, workspace: Workspace, **query: Any) -> Any:
    return api.get(api.at(f"/workspaces/{workspace.id}/files"), query)


def content(api: Api, workspace: Workspace, path: str) -> Any:
    return api.get(api.at(f"/workspaces/{workspace.id}/files/content"), {"path": path})


@pytest.fixture
def root(workspace: Workspace) -> Path:
    root = Path(workspace.root)
    (root / "src" / "deep").mkdir(parents=True)
    (root / "src" / "a.txt").write_text("hello\n")
    (root / "out").symlink_to("/etc")
    for secret in (".env", ".env.local"):
        (root / secret).write_text("PASSWORD=x")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("[remote]")
    for folder in (".ssh", ".aws", ".config", ".docker"):
        (root / folder).mkdir()
        (root / folder / "config").write_text("PASSWORD=x")
    (root / ".env.example").write_text("PASSWORD=")
    os.mkfifo(root / "pipe")
    return root


def test_a_folder_is_listed_by_name(api: Api, workspace: Workspace, root: Path) -> None:
    rows = listing(api, workspace).json()["data"]

    assert [(row["name"], row["kind"]) for row in rows] == [
        (".env.example", "file"),
        ("app.py", "file"),
        ("out", "link"),
        ("pipe", "other"),
        ("requirements.txt", "file"),
        ("src", "directory"),
    ]


def test_what_lies_deeper_has_its_whole_path(api: Api, workspace: Workspace, root: Path) -> None:
    rows = listing(api, workspace, path="/src/").json()["data"]

    assert [(row["path"], row["size_bytes"]) for row in rows] == [
        ("/src/a.txt", 6),
        ("/src/deep", None),
    ]


def test_pages_follow_each_other_without_gap(api: Api, workspace: Workspace, root: Path) -> None:
    (root / os.fsdecode(b"caf\xe9")).touch()
    names, query = [], {"limit": 2}
    while True:
        page = listing(api, workspace, **query).json()
        names += [row["name"] for row in page["data"]]
        if page["meta"]["next"] is None:
            break
        query["after"] = page["meta"]["next"]

    assert names == [
        ".env.example",
        "app.py",
        "caf\ufffd",
        "out",
        "pipe",
        "requirements.txt",
        "src",
    ]


def test_a_file_is_shown(api: Api, workspace: Workspace, root: Path) -> None:
    data = content(api, workspace, "/src/a.txt").json()["data"]

    assert (data["text"], data["size_bytes"], data["is_binary"]) == ("hello\n", 6, False)


@pytest.mark.parametrize("raw", [b"\x7fELF\0\0", b"caf\xe9"])
def test_a_binary_file_is_told_apart(
    api: Api, workspace: Workspace, root: Path, raw: bytes
) -> None:
    (root / "program").write_bytes(raw)

    data = content(api, workspace, "program").json()["data"]

    assert (data["text"], data["is_binary"], data["size_bytes"]) == (None, True, len(raw))


def test_of_a_long_file_the_beginning_is_shown(api: Api, workspace: Workspace, root: Path) -> None:
    (root / "long").write_text("x" + "é" * MAX_SHOWN)

    data = content(api, workspace, "long").json()["data"]

    assert (data["is_truncated"], data["is_binary"]) == (True, False)
    assert len(data["text"].encode()) == MAX_SHOWN - 1


@pytest.mark.parametrize(
    "path",
    [*OUTSIDE, "/.env", "/.env.local", "/.git/config", "/.ssh/config", "/pipe", "/src", "x" * 5000],
)
def test_what_is_no_file_inside_is_not_there(
    api: Api, workspace: Workspace, root: Path, path: str
) -> None:
    assert content(api, workspace, path).status_code == 404


@pytest.mark.parametrize("path", [*OUTSIDE, "/app.py", "/.git"])
def test_what_is_no_folder_inside_is_not_listed(
    api: Api, workspace: Workspace, root: Path, path: str
) -> None:
    assert listing(api, workspace, path=path).status_code == 404


def test_a_file_must_be_named(api: Api, workspace: Workspace) -> None:
    assert content(api, workspace, "").status_code == 400
    assert listing(api, workspace, after="!").status_code == 400


@pytest.mark.parametrize("rest", ["files", "files/content?path=app.py"])
def test_a_stranger_sees_no_file(stranger: Api, workspace: Workspace, rest: str) -> None:
    def error(key: object) -> Any:
        answer = stranger.get(stranger.at(f"/workspaces/{key}/{rest}"))
        return answer.status_code, {**answer.json()["error"], "request_id": ""}

    assert error(workspace.id) == error("12345678-1234-4234-8234-123456789012")
    assert error(workspace.id)[0] == 404


def test_a_folder_that_was_moved_away_is_said_to_be_gone(
    api: Api, workspace: Workspace, root: Path
) -> None:
    root.rename(root.with_name("elsewhere"))

    for answer in (listing(api, workspace), content(api, workspace, "src/a.txt")):
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == "source.folder_not_allowed"
