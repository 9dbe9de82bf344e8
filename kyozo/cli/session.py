"""What one run of the command knows: which platform, whose token, which screen."""

from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from kyozo.cli.errors import USAGE, CliError
from kyozo.cli.screen import Screen, one_line
from kyozo.platform import credentials, record
from kyozo.platform.credentials import LOCAL, Profile
from kyozo.platform.state import StateDir

if TYPE_CHECKING:
    from kyozo.cli.client import Api


@dataclass
class Session:
    """`url`, `token` and `team` as given; empty means the platform of this machine."""

    url: str = ""
    token: str = ""
    team: str = ""
    screen: Screen = field(default_factory=Screen)
    state: StateDir = field(default_factory=StateDir.here)

    @property
    def is_local(self) -> bool:
        return not self.url

    @cached_property
    def api(self) -> "Api":
        """Signed in; `CliError` when nobody is there to speak to, or no token to do it with."""
        found = self._profile()
        team_id = found.team_id
        if not team_id:
            with closing(self._connect(found.url, token=found.token)) as anybody:
                team_id = str(anybody.get("/me")["team"]["id"])
        return self._connect(found.url, token=found.token, team_id=team_id)

    @property
    def place(self) -> str:
        """By which name the platform's tokens are kept."""
        return self.url.rstrip("/") or LOCAL

    def anybody(self) -> "Api":
        """Not signed in."""
        return self._connect(self.url or self._local_url(), token="")

    def as_team(self, profile: Profile) -> "Api":
        """Of the same platform, with another team's token."""
        return self._connect(self.api.url, token=profile.token, team_id=profile.team_id)

    def close(self) -> None:
        """Only what was opened: most of `api` is made at its first use."""
        if "api" in self.__dict__:
            self.api.close()

    @staticmethod
    def _connect(url: str, *, token: str, team_id: str = "") -> "Api":
        # Its HTTP library takes a tenth of a second to import: not for --help.
        from kyozo.cli.client import Api  # noqa: PLC0415

        return Api(url, token=token, team_id=team_id)

    def _profile(self) -> Profile:
        saved = credentials.load(self.state, self.place)
        url = self.url or self._local_url()
        if self.team and not self.token and (other := self._kept(saved)):
            return Profile(url=url, token=other.token, team_id=other.team_id)
        token = self.token or (saved.token if saved else "")
        if not token:
            raise CliError(
                f"no token for {url}",
                fix=f"run `kyozo login {url}`, or give one in KYOZO_TOKEN",
                code="no_token",
            )
        # A saved team belongs to the saved token; another token names its own.
        own_team = saved.team_id if saved and token == saved.token else ""
        return Profile(url=url, token=token, team_id=self.team or own_team)

    def _kept(self, usual: Profile | None) -> Profile | None:
        """The profile of the team that --team names, by id or slug; None for the usual one's id."""
        rows = credentials.teams(self.state, self.place)
        for row in rows:
            if self.team in {row.team_id, row.slug}:
                return row
        if usual is None or self.team == usual.team_id:
            return None
        if self.team == self._slug_of(usual):
            return usual
        names = ", ".join(row.slug for row in rows if row.slug)
        raise CliError(
            f"no token of a team {one_line(self.team)!r} is kept here",
            fix=f"there are: {names}" if names else "see `kyozo teams ls`, or use `kyozo login`",
            code="no_token",
        )

    def _slug_of(self, profile: Profile) -> str:
        url = self.url or self._local_url()
        with closing(self._connect(url, token=profile.token)) as anybody:
            return str(anybody.get("/me")["team"]["slug"])

    def _local_url(self) -> str:
        running = record.living(self.state)
        if running is None:
            raise CliError(
                "no platform runs on this machine",
                fix="start it with `kyozo up` or `kyozo deploy`, or name another with --url",
                code="platform.stopped",
            )
        return running.url


def session_of(ctx: typer.Context) -> Session:
    session = ctx.obj
    if not isinstance(session, Session):
        raise TypeError("the command was called without its options being read first")
    return session


def confirm(session: Session, question: str, *, yes: bool) -> None:
    """Before what cannot be undone; where nobody can be asked, --yes must have been said."""
    if yes:
        return
    if not session.screen.is_interactive:
        raise CliError("this needs --yes here", code="needs_yes", status=USAGE)
    typer.confirm(question, abort=True)
