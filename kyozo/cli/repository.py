"""`kyozo deploy --git`: the workspace of a repository, at the commit that is wanted now."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyozo.cli.errors import CliError
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session

if TYPE_CHECKING:
    from kyozo.cli.client import Api

MOST_KEY = 16384
FETCH_S = 600  # the platform has a limit of its own, and says so in words


@dataclass(frozen=True, slots=True)
class Source:
    """What somebody said of a repository; an empty `ref` keeps the one that it has. A token that
    is `usual` stands in the environment, whatever the repository: it takes the place of no other.
    """

    url: str
    ref: str = ""
    token: str = field(default="", repr=False)
    is_token_usual: bool = False
    key_file: Path | None = None
    host_key: str = ""

    def asked(self, *, is_known: bool) -> dict[str, str]:
        """What to say beside the address; ssh knows no tokens."""
        is_for_it = not is_known and self.url.startswith("https:")
        asked = {
            "ref": self.ref,
            "token": self.token if is_for_it or not self.is_token_usual else "",
            "deploy_key": self._deploy_key(),
            "host_key": self.host_key,
        }
        return {name: value for name, value in asked.items() if value}

    def _deploy_key(self) -> str:
        """What lies in the file; the platform says whether it is a key."""
        if self.key_file is None:
            return ""
        try:
            with self.key_file.open(encoding="ascii") as file:
                return file.read(MOST_KEY)
        except (OSError, UnicodeDecodeError) as exc:
            raise CliError(
                f"{one_line(str(self.key_file))} holds no private key",
                fix="give the file that ssh-keygen made, without .pub",
                code="git.bad_key",
            ) from exc


def workspace_id(session: Session, source: Source, *, name: str) -> str:
    """The workspace of that address (and name, if one is given) at its newest commit, or a new
    one."""
    api, screen = session.api, session.screen
    known = _known(api, source, name)
    asked = source.asked(is_known=bool(known))
    screen.say(f"fetching {one_line(source.url)}")
    if known:
        path = api.team_path(f"/workspaces/{known}/refresh")
        found = api.post(path, asked, wait_s=FETCH_S).data
    else:
        fields = {"url": source.url} | asked | ({"name": name} if name else {})
        path = api.team_path("/workspaces/git")
        found = api.post(path, {"workspace": fields}, wait_s=FETCH_S).data
    git = found["git"]
    screen.say(f"commit {one_line(git['commit'])[:12]} ({one_line(git['ref'] or 'HEAD')})")
    return str(found["id"])


def _known(api: "Api", source: Source, name: str) -> str:
    rows: list[dict[str, Any]] = api.get_all(api.team_path("/workspaces"), search=name)
    if name:
        found = next((row for row in rows if row["name"] == name), None)
        if found and (found.get("git") or {}).get("url") != source.url:
            raise CliError(
                f"the workspace {one_line(name)} is not of this repository",
                fix="give another name with --workspace",
                code="workspace.other_source",
            )
    else:
        of_git = (row for row in rows if row.get("git"))
        found = next((row for row in of_git if row["git"]["url"] == source.url), None)
    return str(found["id"]) if found else ""
