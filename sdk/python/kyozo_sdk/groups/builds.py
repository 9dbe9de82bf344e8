"""Builds and what they said; releases; environment variables."""

from collections.abc import AsyncGenerator, Mapping, Sequence

from kyozo_sdk.groups.group import Group, M, one
from kyozo_sdk.models import (
    Build,
    BuildBrief,
    BuildLog,
    LogChunk,
    Release,
    ReleaseDiff,
    Variables,
)
from kyozo_sdk.modes import operation, stream
from kyozo_sdk.pages import Listing, all_pages, one_page
from kyozo_sdk.request import Ref, Request, at, get, given, matching

BUILDING = "running"
POLL_S = 1.0


class Builds(Group[M]):
    """`api.builds`."""

    def _list(
        self,
        *,
        service_id: Ref | None = None,
        operation_id: Ref | None = None,
        state: str | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[BuildBrief]:
        """Newest first, without Dockerfiles."""
        asked = {
            "service_id": service_id,
            "operation_id": operation_id,
            "state": state,
            "sort_by": sort_by,
            "sort_order": sort_order,
            "limit": limit,
            "after": after,
        }
        return Listing(BuildBrief, "/builds", asked)

    list = one_page(_list)
    iterate = all_pages(_list)

    @operation
    async def get(self, build: Ref) -> Build:
        """A build with its Dockerfile."""
        return await one(self, Build, get(at("/builds/{}", build)))

    @operation
    async def get_log(self, build: Ref, *, after: int | None = None) -> BuildLog:
        """Pieces of its log after a number; `last` is the `after` of the next request."""
        return await self._log(build, after)

    @stream
    async def follow_log(
        self, build: Ref, *, after: int = 0, poll_s: float = POLL_S
    ) -> AsyncGenerator[LogChunk, None]:
        """Each piece as it comes, until the build is over."""
        while True:
            found = await self._log(build, after)
            for chunk in found.chunks:
                yield chunk
            after = found.last
            if not found.chunks:
                if found.state != BUILDING:
                    return
                await self.session.io.sleep(poll_s)

    async def _log(self, build: Ref, after: int | None) -> BuildLog:
        return await one(self, BuildLog, get(at("/builds/{}/log", build), after=after))


class Releases(Group[M]):
    """`api.releases`."""

    def _list(
        self,
        service: Ref,
        *,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[Release]:
        """The releases of a service, newest first."""
        asked = {"sort_by": sort_by, "sort_order": sort_order, "limit": limit, "after": after}
        return Listing(Release, at("/services/{}/releases", service), asked)

    list = one_page(_list)
    iterate = all_pages(_list)

    @operation
    async def compare(
        self, service: Ref, number: int, *, against: int | None = None
    ) -> ReleaseDiff:
        """What a release changed, compared with the one before or with another."""
        path = at("/services/{}/releases/{}/diff", service, number)
        return await one(self, ReleaseDiff, get(path, against=against))


class Env(Group[M]):
    """`api.env`: environment variables alone."""

    @operation
    async def get(self, service: Ref) -> Variables:
        """The variables of a service; those of secrets read as None."""
        return await one(self, Variables, get(at("/services/{}/env", service)))

    @operation
    async def update(
        self,
        service: Ref,
        variables: Mapping[str, str | None],
        *,
        secret_variables: Sequence[str] | None = None,
        if_match: str | None = None,
    ) -> Variables:
        """Merge these into what is set; None removes one. `secret_variables` are names. With
        `if_match`, an etag, it is refused (`ChangedError`) where somebody was faster."""
        body = {"variables": dict(variables), **given({"secret_variables": secret_variables})}
        path = at("/services/{}/env", service)
        headers = matching(if_match)
        asked = Request(method="PATCH", path=path, json=body, headers=headers)
        return await one(self, Variables, asked)
