"""Services: what they are, and what they are told to do."""

from collections.abc import Callable, Mapping
from typing import Any

from kyozo_sdk.groups.group import Group, M, done, one
from kyozo_sdk.models import (
    Logs,
    Metrics,
    Service,
    ServiceChange,
    ServiceDetail,
    ServiceHealth,
    ServiceStatus,
)
from kyozo_sdk.modes import operation
from kyozo_sdk.pages import Listing, all_pages, one_page
from kyozo_sdk.records import plain
from kyozo_sdk.request import Ref, Request, at, get, identity, matching, post
from kyozo_sdk.watching import Subscription, watch

Settings = Mapping[str, Any] | Service


class Services(Group[M]):
    """`api.services`. A service is given by its id, or as an object that has one."""

    def _list(
        self,
        *,
        status: str | None = None,
        service_type: str | None = None,
        workspace_id: Ref | None = None,
        search: str | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[Service]:
        """The team's services. `search` looks in name and folder path."""
        asked = {
            "status": status,
            "service_type": service_type,
            "workspace_id": workspace_id,
            "search": search,
            "sort_by": sort_by,
            "sort_order": sort_order,
            "limit": limit,
            "after": after,
        }
        return Listing(Service, "/services", asked)

    list = one_page(_list)
    iterate = all_pages(_list)

    @operation
    async def create(
        self, service: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> ServiceDetail:
        """A new service from its settings. It is deployed where `auto_deploy` says so."""
        made = post("/services", {"service": service}, key=idempotency_key)
        return await one(self, ServiceDetail, made)

    @operation
    async def get(self, service: Ref) -> ServiceDetail:
        """A service with its latest events and checks; `answer.etag` is that of its settings."""
        return await one(self, ServiceDetail, get(at("/services/{}", service)))

    @operation
    async def replace(
        self, service: Ref, settings: Settings, *, if_match: str | None = None
    ) -> ServiceDetail:
        """Change settings; a map that is given replaces the one before.

        With `if_match`, an etag, it is refused (`ChangedError`) where somebody was faster.
        """
        return await one(self, ServiceDetail, _change("PUT", service, settings, if_match))

    @operation
    async def update(
        self, service: Ref, settings: Settings, *, if_match: str | None = None
    ) -> ServiceDetail:
        """Change settings; a map that is given is merged into the one before."""
        return await one(self, ServiceDetail, _change("PATCH", service, settings, if_match))

    @operation
    async def remove(self, service: Ref, *, volumes: bool = False) -> None:
        """Remove a service, and with `volumes` its data, which nothing brings back."""
        path = at("/services/{}", service)
        params = {"volumes": "true"} if volumes else {}
        await done(self, Request(method="DELETE", path=path, params=params))

    @operation
    async def start(self, service: Ref, *, idempotency_key: str | None = None) -> ServiceChange:
        """Start a service; one that never ran gets its first deploy."""
        return await one(self, ServiceChange, _verb("start", service, idempotency_key))

    @operation
    async def stop(self, service: Ref, *, idempotency_key: str | None = None) -> ServiceChange:
        """Stop a service; what is being done with it is cancelled."""
        return await one(self, ServiceChange, _verb("stop", service, idempotency_key))

    @operation
    async def restart(self, service: Ref, *, idempotency_key: str | None = None) -> ServiceChange:
        """New instances beside the old ones; pending changes are applied."""
        return await one(self, ServiceChange, _verb("restart", service, idempotency_key))

    @operation
    async def scale(
        self, service: Ref, replica_count: int, *, idempotency_key: str | None = None
    ) -> ServiceChange:
        """Another number of instances."""
        body = {"replica_count": replica_count}
        return await one(self, ServiceChange, _verb("scale", service, idempotency_key, body))

    @operation
    async def deploy(
        self,
        service: Ref,
        *,
        force: bool | None = None,
        no_cache: bool | None = None,
        pull: bool | None = None,
        accept_version: bool | None = None,
        overrides: Mapping[str, Any] | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> ServiceChange:
        """Build what changed and replace the instances. `force` replaces them even if nothing
        changed, `accept_version` takes the nearest version of a language that can be had. With
        `if_match`, an etag, it is refused (`ChangedError`) where somebody changed settings."""
        body = {
            "force": force,
            "no_cache": no_cache,
            "pull": pull,
            "accept_version": accept_version,
            "overrides": overrides,
        }
        path = at("/services/{}/deploy", service)
        asked = post(path, body, key=idempotency_key, if_match=if_match)
        return await one(self, ServiceChange, asked)

    @operation
    async def rollback(
        self, service: Ref, *, release: int | None = None, idempotency_key: str | None = None
    ) -> ServiceChange:
        """Back to a release by its number, without one to that before the current."""
        body = {"release": release}
        return await one(self, ServiceChange, _verb("rollback", service, idempotency_key, body))

    @operation
    async def get_status(self, service: Ref) -> ServiceStatus:
        """What was seen, and when: state, uptime, ports, use."""
        return await one(self, ServiceStatus, get(at("/services/{}/status", service)))

    @operation
    async def get_health(self, service: Ref) -> ServiceHealth:
        """The last checks."""
        return await one(self, ServiceHealth, get(at("/services/{}/health", service)))

    @operation
    async def get_metrics(
        self, service: Ref, *, range: str | None = None, step: str | None = None
    ) -> Metrics:
        """Use now and the last samples; with `range` or `step` ("15m", "6h") a series, too."""
        asked = get(at("/services/{}/metrics", service), range=range, step=step)
        return await one(self, Metrics, asked)

    @operation
    async def get_logs(
        self,
        service: Ref,
        *,
        lines: int | None = None,
        since: str | None = None,
        stream: str | None = None,
        search: str | None = None,
        instance: str | None = None,
        cursor: str | None = None,
    ) -> Logs:
        """The same as `api.logs.get`."""
        asked = {"lines": lines, "since": since, "stream": stream, "instance": instance}
        path = at("/services/{}/logs", service)
        return await one(self, Logs, get(path, **asked, search=search, cursor=cursor))

    @operation
    async def on_status_change(
        self,
        callback: Callable[[str, str], object],
        *,
        service: Ref | None = None,
        since: int | None = None,
        on_error: Callable[[Exception], object] | None = None,
    ) -> Subscription:
        """Call `callback(service_id, status)` at each change from now on, or after number `since`.

        Changes come in order, none twice, and none is left out over lost connections. `service`
        narrows them to one. `stop()` of what is returned ends it. It ends by itself where access
        ends or the callback raises; `on_error` is told, and `error` has it.
        """
        only = None if service is None else identity(service)
        return await watch(self.session, callback, only=only, since=since, on_error=on_error)


def _verb(
    verb: str, service: Ref, key: str | None, body: Mapping[str, Any] | None = None
) -> Request:
    return post(at(f"/services/{{}}/{verb}", service), body, key=key)


def _change(method: Any, service: Ref, settings: Settings, if_match: str | None) -> Request:
    return Request(
        method=method,
        path=at("/services/{}", service),
        json={"service": plain(settings)},
        headers=matching(if_match),
    )
