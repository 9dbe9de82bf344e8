"""The two clients. What they can do is the same; one blocks and the other is awaited."""

from os import PathLike
from types import TracebackType
from typing import Generic, Self

import httpx

from kyozo_sdk.groups.builds import Builds, Env, Releases
from kyozo_sdk.groups.group import M
from kyozo_sdk.groups.logs import Logs
from kyozo_sdk.groups.operations import Operations
from kyozo_sdk.groups.platform import Events, ImageMappings, Platform
from kyozo_sdk.groups.service import Services
from kyozo_sdk.groups.team import Audit, Invitations, Members, Teams, Tokens
from kyozo_sdk.groups.workspaces import Workspaces
from kyozo_sdk.modes import Async, Sync, drive
from kyozo_sdk.retry import Retry
from kyozo_sdk.session import Session
from kyozo_sdk.settings import Place
from kyozo_sdk.transports import BlockingIo, Io, LoopIo

LOCAL = "http://127.0.0.1:7070/api/v1"
AGENT = "kyozo-sdk-python"


class _Client(Generic[M]):
    """All groups of calls, over one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.services = Services[M](session)
        self.workspaces = Workspaces[M](session)
        self.operations = Operations[M](session)
        self.releases = Releases[M](session)
        self.builds = Builds[M](session)
        self.logs = Logs[M](session)
        self.env = Env[M](session)
        self.events = Events[M](session)
        self.teams = Teams[M](session)
        self.tokens = Tokens[M](session)
        self.members = Members[M](session)
        self.invitations = Invitations[M](session)
        self.audit = Audit[M](session)
        self.image_mappings = ImageMappings[M](session)
        self.platform = Platform[M](session)

    @property
    def base_url(self) -> str:
        return self._session.place.base_url

    @property
    def team_id(self) -> str:
        return self._session.place.team_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r}, team_id={self.team_id!r})"


class KyozoAPI(_Client[Sync]):
    """One team of one platform, by one token. It may be used by several threads at once.

    `timeout_s` is how long an answer may take, `connect_timeout_s` a connection. `ca_file` has the
    certificates of those who are trusted in place of the machine's; certificates are always
    checked, and redirects never followed. Close it, or use it with `with`.
    """

    def __init__(  # noqa: PLR0913 - where, as whom, and how patiently
        self,
        api_token: str = "",
        team_id: str = "",
        base_url: str = LOCAL,
        *,
        timeout_s: float = 60.0,
        connect_timeout_s: float = 10.0,
        retry: Retry | None = None,
        ca_file: str | PathLike[str] | None = None,
    ) -> None:
        timeout = httpx.Timeout(timeout_s, connect=connect_timeout_s)
        place = Place.read(
            base_url, token=api_token, team_id=team_id, timeout=timeout, ca_file=ca_file
        )
        client = httpx.Client(
            verify=place.tls or False, trust_env=place.uses_proxy, headers={"User-Agent": AGENT}
        )
        super().__init__(_session(BlockingIo(client), place, retry))

    def close(self) -> None:
        """Subscriptions end with it."""
        drive(self._session.end_tasks())
        drive(self._session.io.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncKyozoAPI(_Client[Async]):
    """The same on asyncio: methods are awaited, iterators are asynchronous.

    Close it with `aclose`, or use it with `async with`.
    """

    def __init__(  # noqa: PLR0913 - where, as whom, and how patiently
        self,
        api_token: str = "",
        team_id: str = "",
        base_url: str = LOCAL,
        *,
        timeout_s: float = 60.0,
        connect_timeout_s: float = 10.0,
        retry: Retry | None = None,
        ca_file: str | PathLike[str] | None = None,
    ) -> None:
        timeout = httpx.Timeout(timeout_s, connect=connect_timeout_s)
        place = Place.read(
            base_url, token=api_token, team_id=team_id, timeout=timeout, ca_file=ca_file
        )
        client = httpx.AsyncClient(
            verify=place.tls or False, trust_env=place.uses_proxy, headers={"User-Agent": AGENT}
        )
        super().__init__(_session(LoopIo(client), place, retry))

    async def aclose(self) -> None:
        """Subscriptions end with it."""
        await self._session.end_tasks()
        await self._session.io.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


def _session(io: Io, place: Place, retry: Retry | None) -> Session:
    return Session(io, place, retry or Retry())
