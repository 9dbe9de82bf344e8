"""`kyozo teams`, `members`, `invitations` and `audit`."""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from kyozo.cli.people import list_members
from kyozo.cli.screen import Screen
from kyozo.platform import credentials
from kyozo.platform.credentials import LOCAL, Profile
from kyozo.platform.state import StateDir
from tests.cli.conftest import Kyozo
from tests.running_platform import RunningPlatform

pytestmark = pytest.mark.timeout(120)
PASSWORD = "correct horse battery"


@pytest.fixture
def team(kyozo: Kyozo, request: pytest.FixtureRequest) -> Iterator[str]:
    """The slug of a team of the test's own."""
    made = kyozo("teams", "create", request.node.name.replace("_", " ")[-38:], "--json")
    assert made.status == 0, made.err
    yield str(made.json["slug"])
    kyozo("teams", "rm", "--yes", "--team", made.json["slug"])


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """What a person types where it is not shown."""
    waiting = iter(lines)
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: next(waiting))


def test_another_team_is_worked_in_by_its_slug(kyozo: Kyozo, team: str) -> None:
    listed = {row["slug"]: row["is_current"] for row in kyozo("teams", "ls", "--json").json}
    there = {
        row["slug"]: row["is_current"]
        for row in kyozo("teams", "ls", "--json", "--team", team).json
    }

    assert (listed["default"], listed[team]) == (True, False)
    assert there[team] is True
    assert kyozo("ls", "--team", team, "--json").json == []
    assert kyozo("ls", "--team", "default").status == 0


def test_a_new_teams_token_is_kept_and_not_shown(
    kyozo: Kyozo, team: str, platform: RunningPlatform
) -> None:
    kept = next(row for row in credentials.teams(platform.state, LOCAL) if row.slug == team)

    assert kept.token not in kyozo("teams", "ls", "--json", "--team", team).out
    assert kyozo("token", "ls", "--team", team, "--json").json[0]["name"] == "kyozo command"


def test_an_unknown_team_is_told_with_those_that_are_known(kyozo: Kyozo, team: str) -> None:
    done = kyozo("ls", "--team", "nothing", "--json")

    assert (done.status, done.json["error"]["code"]) == (1, "no_token")
    assert team in done.json["error"]["fix"]


def test_a_team_is_renamed_and_removed(kyozo: Kyozo) -> None:
    slug = kyozo("teams", "create", "Passing by", "--json").json["slug"]

    assert "Other name" in kyozo("teams", "rename", "Other name", "--team", slug).out
    assert kyozo("teams", "rm", "--team", slug).status == 2
    assert kyozo("teams", "rm", "--team", slug, "--yes").status == 0
    assert slug not in kyozo("teams", "ls").out
    assert kyozo("ls", "--team", slug).status == 1


def test_the_last_owner_is_told_to_stay(kyozo: Kyozo, team: str) -> None:
    done = kyozo("teams", "leave", "--yes", "--team", team, "--json")

    assert (done.status, done.json["error"]["code"]) == (1, "team.last_owner")


def test_somebody_comes_in_is_promoted_and_goes(
    kyozo: Kyozo, team: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = kyozo("invitations", "create", "--role", "viewer", "--team", team).out.strip()
    typed(monkeypatch, PASSWORD, PASSWORD)

    came = kyozo("invitations", "accept", link, "--username", "frida", "--json")

    assert came.status == 0, came.err
    assert came.json["team"]["slug"] == team
    assert "frida" in kyozo("members", "ls", "--team", team).out
    promoted = kyozo("members", "role", "frida", "developer", "--team", team, "--json")
    assert promoted.json["role"] == "developer"
    assert kyozo("members", "rm", "frida", "--yes", "--team", team).status == 0
    left = kyozo("members", "ls", "--team", team, "--json").json
    assert [row["name"] for row in left] == ["owner"]
    did = {row["action"] for row in kyozo("audit", "--team", team, "--json").json}
    assert {"invitation.create", "invitation.accept", "member.update", "member.remove"} <= did


def test_an_invitation_is_accepted_as_whose_token_it_is(
    kyozo: Kyozo, team: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = kyozo("invitations", "create", "--team", team, "--json").json["join_url"]
    typed(monkeypatch, link)

    done = kyozo("invitations", "accept", "--json")

    assert (done.status, done.json["error"]["code"]) == (1, "team.already_member")


def test_a_revoked_invitation_is_over(kyozo: Kyozo, team: str) -> None:
    made = kyozo("invitations", "create", "--team", team, "--json").json
    assert kyozo("invitations", "revoke", made["id"][:8], "--team", team).status == 0

    done = kyozo("invitations", "accept", made["token"], "--json")

    assert (done.status, done.json["error"]["code"]) == (1, "invitation.over")
    assert "revoked" in kyozo("invitations", "ls", "--team", team).out
    assert made["token"] not in kyozo("invitations", "ls", "--team", team, "--json").out


@pytest.mark.parametrize(
    "line",
    [
        *("members rm nobody --yes", "members role nobody admin", "members role owner king"),
        *("invitations revoke ffffffff", "invitations revoke ", "invitations create --role king"),
        *("audit --since yesterday", "audit --limit 0", "token create x --workspace nowhere"),
    ],
)
def test_what_is_not_there_or_wrong_is_told(kyozo: Kyozo, team: str, line: str) -> None:
    done = kyozo(*line.split(" "), "--team", team, "--json")

    assert done.status in {1, 2}
    assert done.json["error"]["message"]


def test_removing_somebody_wants_a_yes(kyozo: Kyozo, team: str) -> None:
    done = kyozo("members", "rm", "owner", "--team", team, "--json")

    assert (done.status, done.json["error"]["code"]) == (2, "needs_yes")


def test_the_audit_log_is_narrowed_and_cut(kyozo: Kyozo, team: str) -> None:
    for name in ("a", "b", "c"):
        kyozo("token", "create", name, "--team", team)

    found = kyozo("audit", "--action", "token.create", "--limit", "2", "--team", team, "--json")

    assert [row["object"]["name"] for row in found.json] == ["c", "b"]
    assert "token.create" in kyozo("audit", "--object", "a", "--team", team).out


def test_a_token_of_one_workspace_is_made_by_its_name(kyozo: Kyozo, service: str) -> None:
    name = kyozo("status", service, "--json").json["workspace"]["name"]

    made = kyozo("token", "create", "narrow", "--workspace", name, "--json")

    assert made.json["workspace_id"]
    assert "one workspace" in kyozo("tokens", "list").out


def test_names_steer_no_terminal_and_tables_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As from a platform that somebody else runs."""
    hostile = "\x1b[2J\x1b]0;owned\x07" + "n" * 150 + "\u202e\r"
    row = {"id": 1, "name": hostile, "role": "\x9bowner", "joined_at": "2030-01-31T12:00:00Z"}
    out = io.StringIO()
    screen = Screen()
    screen.console = Console(file=out, width=80, force_terminal=True, color_system=None)
    session = Answering([row], screen)
    monkeypatch.setattr("kyozo.cli.people.session_of", lambda _: session)

    list_members(session)  # type: ignore[arg-type]

    shown = out.getvalue()
    assert max(map(len, shown.splitlines())) <= 80
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(shown)
    assert "owned" not in shown
    assert shown.count("n") >= 150


class Answering:
    """A session with a platform that answers this, whatever it is asked."""

    def __init__(self, answer: object, screen: Screen) -> None:
        self.answer, self.screen, self.api = answer, screen, self

    def team_path(self, path: str) -> str:
        return path

    def get(self, _: str) -> object:
        return self.answer


def test_tokens_of_teams_lie_beside_the_usual_one(tmp_path: object) -> None:
    state = StateDir(tmp_path)  # type: ignore[arg-type]
    usual, other = (Profile("http://x", name, name, name) for name in ("a", "b"))
    credentials.save(state, LOCAL, usual)
    credentials.save_team(state, LOCAL, other)

    assert credentials.load(state, LOCAL) == usual
    assert credentials.teams(state, LOCAL) == [other]
    assert credentials.teams(state, "http://elsewhere") == []
    assert oct(state.credentials.stat().st_mode)[-3:] == "600"
    credentials.forget_team(state, LOCAL, "b")
    assert credentials.teams(state, LOCAL) == []
    assert credentials.load(state, LOCAL) == usual
