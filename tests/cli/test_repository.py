"""`kyozo deploy --git`: a repository becomes a workspace, and its newest commit the next deploy."""

from pathlib import Path

import pytest

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
    ],
)
def test_what_does_not_go_together_is_wrong_usage(alone: Kyozo, arguments: list[str]) -> None:
    assert alone("deploy", *arguments).status == 2
