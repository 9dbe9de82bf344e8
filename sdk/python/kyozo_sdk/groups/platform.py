"""The platform itself: events, images, cleaning up, how it is, and who asks."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

from kyozo_sdk.groups.group import Group, M, done, one
from kyozo_sdk.models import (
    CleanReport,
    Event,
    ImageMapping,
    Liveness,
    Me,
    Readiness,
    SignInLink,
)
from kyozo_sdk.modes import operation, stream
from kyozo_sdk.pages import Listing, all_pages, one_page
from kyozo_sdk.request import Ref, Request, get, post, query

PAGE = 1000


class Events(Group[M]):
    """`api.events`: what happened, numbered and in order."""

    def _list(
        self,
        *,
        since: int | None = None,
        before: int | None = None,
        service_id: Ref | None = None,
        event: str | None = None,
        event_type: str | None = None,
        limit: int | None = None,
    ) -> Listing[Event]:
        """What came after number `since`; without it the latest, or the latest before `before`."""
        asked = {
            "since": since,
            "before": before,
            "service_id": service_id,
            "event": event,
            "event_type": event_type,
            "limit": limit,
        }
        return Listing(Event, "/events", asked)

    list = one_page(_list)

    @stream
    async def iterate(
        self,
        *,
        since: int = 0,
        service_id: Ref | None = None,
        event: str | None = None,
        event_type: str | None = None,
    ) -> AsyncGenerator[Event, None]:
        """All that came after number `since` and is kept, until there is no more."""
        asked = {"service_id": service_id, "event": event, "event_type": event_type}
        while True:
            found = await self.session.ask(get("/events", since=since, limit=PAGE, **asked))
            for row in found.data:
                yield Event(row, found.answer)
            if len(found.data) < PAGE:
                return
            since = int(found.data[-1]["sequence_number"])


class ImageMappings(Group[M]):
    """`api.image_mappings`: one image in place of another."""

    def _list(self) -> Listing[ImageMapping]:
        """All of the team."""
        return Listing(ImageMapping, "/image-mappings")

    list = one_page(_list)
    iterate = all_pages(_list)

    @operation
    async def set(self, source: str, target: str) -> ImageMapping:
        """Use the image `target` where `source` is asked for (admin)."""
        body = {"source": source, "target": target}
        request = Request(method="PUT", path="/image-mappings", json=body)
        return await one(self, ImageMapping, request)

    @operation
    async def remove(self, source: str) -> None:
        """Use the image itself again (admin)."""
        params = query({"source": source})
        await done(self, Request(method="DELETE", path="/image-mappings", params=params))


class Platform(Group[M]):
    """`api.platform`. `is_live` and `is_ready` need no token."""

    @operation
    async def me(self) -> Me:
        """Whose token this is, and what it may; the platform's version."""
        return await one(self, Me, replace(get("/me"), in_team=False))

    @operation
    async def is_live(self) -> Liveness:
        """Whether the process answers; what does not answer is a ConnectionFailedError."""
        return await one(self, Liveness, _unsigned("/health/live"))

    @operation
    async def is_ready(self) -> Readiness:
        """Whether database, engine and router work; `status` says so, it is no error."""
        return await one(self, Readiness, replace(_unsigned("/health/ready"), also_good=(503,)))

    @operation
    async def create_sign_in_link(self, *, idempotency_key: str | None = None) -> SignInLink:
        """A one-time link to the dashboard, good for half an hour (admin)."""
        request = post("/sign-in-links", key=idempotency_key)
        return await one(self, SignInLink, replace(request, in_team=False))

    @operation
    async def clean(
        self, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> CleanReport:
        """Remove what nobody wants any more (admin); with `dry_run` only say what."""
        return await one(
            self, CleanReport, post("/clean", {"dry_run": dry_run}, key=idempotency_key)
        )

    @operation
    async def openapi(self) -> dict[str, Any]:
        """The description of the API, in OpenAPI 3.1."""
        return await self.session.document(_unsigned("/openapi.json"))


def _unsigned(path: str) -> Request:
    return Request(method="GET", path=path, in_team=False, is_signed=False)
