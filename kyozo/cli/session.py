"""What one run of the command knows: which platform, whose token, which screen."""

from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from kyozo.cli.errors import CliError
from kyozo.cli.screen import Screen
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
        # Its HTTP library takes a tenth of a second to import: not for --help.
        from kyozo.cli.client import Api  # noqa: PLC0415

        found = self._profile()
        team_id = found.team_id
        if not team_id:
            with closing(Api(found.url, token=found.token)) as anybody:
                team_id = str(anybody.get("/me")["team"]["id"])
        return Api(found.url, token=found.token, team_id=team_id)

    def close(self) -> None:
        """Only what was opened: most of `api` is made at its first use."""
        if "api" in self.__dict__:
            self.api.close()

    def _profile(self) -> Profile:
        saved = credentials.load(self.state, self.url.rstrip("/") or LOCAL)
        url = self.url or self._local_url()
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
