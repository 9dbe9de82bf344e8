"""`kyozo deploy --git`: a repository becomes a workspace, and its newest commit the next deploy."""

from pathlib import Path
from typing import Any

import pytest

from kyozo.cli.client import Answer, Api
from kyozo.cli.errors import CliError
from kyozo.cli.repository import Source, workspace_id
from kyozo.cli.session import Session
from tests.cli.conftest import Kyozo
from tests.sources.git_server import commit

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def repository(app: Path) -> str:
    commit(app, {})
    return str(app)


def test_a_repository_is_deployed(kyozo: Kyozo, repository: str) -> None:
    done = kyozo("deploy", "--git", repository, "--ref", "main", "--yes", "--json")

    assert done.status == 0, done.err
    [service] = done.json["services"]
    assert service["workspace"]["storage_backend"] == "git"
    assert done.json["operations"][0]["state"] == "succeeded"


def test_again_it_is_the_same_workspace_at_its_newest_commit(kyozo: Kyozo, repository: str) -> None:
    first = kyozo("deploy", "--git", repository, "--yes", "--json", "--detach")
    newest = commit(Path(repository), {"more.py": "new = True\n"})

    again = kyozo("deploy", "--git", repository, "--yes", "--json")

    assert first.json["services"][0]["id"] == again.json["services"][0]["id"]
    assert f"commit {newest[:12]}" in again.err


def test_a_name_keeps_two_of_one_address_apart(kyozo: Kyozo, repository: str) -> None:
    names = [f"{Path(repository).name}-{n}" for n in range(2)]

    done = [
        kyozo("deploy", "--git", repository, "--workspace", name, "--yes", "--json", "--detach")
        for name in names
    ]

    assert [row.json["services"][0]["workspace"]["name"] for row in done] == names


def test_a_name_that_something_else_has_is_refused(
    kyozo: Kyozo, repository: str, app: Path
) -> None:
    assert kyozo("deploy", str(app), "--yes", "--detach").status == 0

    done = kyozo("deploy", "--git", repository, "--workspace", app.name, "--yes")

    assert (done.status, "is not of this repository" in done.err) == (1, True)


def test_a_folder_inside_the_repository_can_be_meant(kyozo: Kyozo, repository: str) -> None:
    page = {"sub/index.html": "<h1>hello</h1>"}
    commit(Path(repository), page)

    done = kyozo("deploy", "sub", "--git", repository, "--yes", "--json", "--detach")

    assert done.status == 0, done.err
    assert [row["service_type"] for row in done.json["services"]] == ["static"]


def test_a_branch_that_is_not_there_is_said(kyozo: Kyozo, repository: str) -> None:
    done = kyozo("deploy", "--git", repository, "--ref", "nowhere", "--yes")

    assert (done.status, "nowhere" in done.err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["/srv/app", "--git", "https://example.com/x"],
        ["../app", "--git", "https://example.com/x"],
        ["--git", "https://example.com/x", "--upload"],
        ["--ref", "main"],
        ["--git-host-key", "SHA256:x"],
        ["--git", "git@example.com:x", "--git-key", "/nowhere"],
        ["--git", "https://user:pa55word@example.com/x"],
        ["--git", "https://pa55word@example.com/x"],
    ],
)
def test_what_does_not_go_together_is_wrong_usage(alone: Kyozo, arguments: list[str]) -> None:
    done = alone("deploy", *arguments)

    assert (done.status, "pa55word" in done.out + done.err) == (2, False)


def test_a_token_of_the_environment_harms_no_other_address(
    kyozo: Kyozo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KYOZO_GIT_TOKEN", "t0ken")
    asked = ("deploy", "--git", "ssh://git@127.0.0.1:9/x.git", "--yes")

    said = [kyozo(*asked).err, kyozo(*asked, "--git-token", "t0ken").err]

    assert ["token" in text for text in said] == [False, True]


class Recorder(Api):
    """A platform with two pages of workspaces, and what it was asked to do."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", token="x", team_id="t")
        self.bodies: list[Any] = []

    def call(self, method: str, path: str, **asked: Any) -> Answer:
        if method == "GET":
            number = 2 if asked["params"].get("after") else 1
            row = {"id": f"w{number}", "name": "n", "git": {"url": f"https://host/known{number}"}}
            return Answer([row], {"next": "more" if number == 1 else None})
        self.bodies.append((path, asked["body"].get("workspace", asked["body"])))
        return Answer({"id": "w", "git": {"commit": "c", "ref": ""}})


@pytest.mark.parametrize(
    ("url", "is_usual", "sent"),
    [
        ("https://host/new", True, True),
        ("git@host:new", True, False),
        ("ssh://git@host/new", True, False),
        ("https://host/known1", True, False),
        ("https://host/known1", False, True),
        ("git@host:new", False, True),
    ],
)
def test_the_usual_token_goes_only_where_it_is_of_use(
    url: str, *, is_usual: bool, sent: bool
) -> None:
    session, api = Session(), Recorder()
    session.__dict__["api"] = api

    workspace_id(session, Source(url, token="t0ken", is_token_usual=is_usual), name="")

    [(_, body)] = api.bodies
    assert ("token" in body) is sent


def test_a_deploy_key_is_read_from_its_file_and_stays_off_the_screen(
    kyozo: Kyozo, tmp_path: Path
) -> None:
    session, api = Session(), Recorder()
    session.__dict__["api"] = api
    key = tmp_path / "id"
    key.write_text("n0t-a-k3y")

    source = Source("git@host:new", key_file=key, host_key="SHA256:x")
    workspace_id(session, source, name="")
    refused = kyozo("deploy", "--git", "ssh://git@127.0.0.1:9/x", "--git-key", str(key), "--yes")

    [(_, body)] = api.bodies
    assert (body["deploy_key"], body["host_key"]) == ("n0t-a-k3y", "SHA256:x")
    assert (refused.status, "deploy_key" in refused.err) == (1, True)
    assert "n0t-a-k3y" not in refused.out + refused.err


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00\x80"])
def test_a_file_that_is_no_text_is_no_key(tmp_path: Path, content: bytes) -> None:
    key = tmp_path / "id"
    key.write_bytes(content)

    with pytest.raises(CliError):
        Source("git@host:new", key_file=key).asked(is_known=False)


def test_a_workspace_of_a_later_page_is_found() -> None:
    session, api = Session(), Recorder()
    session.__dict__["api"] = api

    workspace_id(session, Source("https://host/known2"), name="")

    assert [path for path, _ in api.bodies] == ["/teams/t/workspaces/w2/refresh"]
