"""What services say."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from kyozo_sdk.following import Following
from kyozo_sdk.groups.group import Group, M, one
from kyozo_sdk.models import FollowedLine
from kyozo_sdk.models import Logs as LogsAnswer
from kyozo_sdk.modes import operation, stream
from kyozo_sdk.request import Ref, at, get


class Logs(Group[M]):
    """`api.logs`. Lines may hold anything, control characters included: escape what you show."""

    @operation
    async def get(
        self,
        service: Ref,
        *,
        lines: int | None = None,
        since: str | None = None,
        stream: str | None = None,
        search: str | None = None,
        instance: str | None = None,
        cursor: str | None = None,
    ) -> LogsAnswer:
        """The last `lines` (100), also of instances that ended. With the `cursor` of an answer:
        exactly what came after it. `instance` is the name of one."""
        asked = {"lines": lines, "since": since, "stream": stream, "instance": instance}
        path = at("/services/{}/logs", service)
        return await one(self, LogsAnswer, get(path, **asked, search=search, cursor=cursor))

    @stream
    async def follow(
        self,
        service: Ref,
        *,
        lines: int | None = None,
        stream: str | None = None,
        search: str | None = None,
        instance: str | None = None,
        cursor: str | None = None,
    ) -> AsyncGenerator[FollowedLine, None]:
        """The last `lines` and then each new one, until the service is removed.

        A lost connection is taken up after the last line, without one lost or repeated; after five
        minutes without the platform it ends in an error. The `cursor` of a line goes on after it.
        """
        path = at("/services/{}/logs", service)
        asked: dict[str, object] = {"lines": lines, "stream": stream}
        asked |= {"search": search, "instance": instance}
        following = Following(self.session, path, asked, cursor or "")
        async with aclosing(following.lines()) as followed:
            async for line in followed:
                yield line
