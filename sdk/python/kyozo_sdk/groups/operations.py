"""What was asked for: how it goes, and waiting for its end."""

import time
from collections.abc import Callable

from kyozo_sdk.errors import (
    ConnectionFailedError,
    NotFoundError,
    OperationFailedError,
    UnavailableError,
    WaitTimeoutError,
)
from kyozo_sdk.groups.group import Group, M, one
from kyozo_sdk.models import Operation, ServiceChange
from kyozo_sdk.modes import operation
from kyozo_sdk.pages import Listing, all_pages, one_page
from kyozo_sdk.request import Ref, at, get, identity, post

ENDED = {"succeeded", "failed", "cancelled", "superseded"}


class Operations(Group[M]):
    """`api.operations`."""

    def _list(
        self,
        *,
        service_id: Ref | None = None,
        state: str | None = None,
        kind: str | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[Operation]:
        """Newest first; the deployments are those with `kind="deploy"`."""
        asked = {
            "service_id": service_id,
            "state": state,
            "kind": kind,
            "sort_by": sort_by,
            "sort_order": sort_order,
            "limit": limit,
            "after": after,
        }
        return Listing(Operation, "/operations", asked)

    list = one_page(_list)
    iterate = all_pages(_list)

    @operation
    async def get(self, operation: Ref) -> Operation:
        """An operation with its steps."""
        return await self._get(operation)

    @operation
    async def cancel(self, operation: Ref, *, idempotency_key: str | None = None) -> Operation:
        """Ask it to stop, which it does until the new release serves. Twice is harmless."""
        path = at("/operations/{}/cancel", operation)
        return await one(self, Operation, post(path, key=idempotency_key))

    @operation
    async def wait_for(
        self,
        operation: Ref,
        *,
        timeout_s: float = 900.0,
        poll_s: float = 1.0,
        on_progress: Callable[[Operation], object] | None = None,
    ) -> Operation | None:
        """Wait until it succeeded. It may be an id, an operation, or what a verb answered; None is
        for a verb that had nothing to do.

        `on_progress` is called with the operation whenever it went on. It outlives the platform's
        restarts, and so does the wait. OperationFailedError where it ended otherwise,
        WaitTimeoutError where it has not ended in time: it goes on all the same.
        """
        if isinstance(operation, ServiceChange):
            if operation.operation_id is None:
                return None
            operation = operation.operation_id
        return await self._waited(identity(operation), timeout_s, poll_s, on_progress)

    async def _waited(
        self,
        operation_id: str,
        timeout_s: float,
        poll_s: float,
        on_progress: Callable[[Operation], object] | None,
    ) -> Operation:
        until = time.monotonic() + timeout_s
        last: Operation | None = None
        while True:
            found = await self._looked(operation_id, last, until)
            if found is not None and found != last:
                last = found
                if on_progress is not None:
                    await self.session.io.call(on_progress, found)
            if last is not None and last.state in ENDED:
                return _succeeded(last)
            if last is not None and time.monotonic() >= until:
                raise WaitTimeoutError.of(last)
            await self.session.io.sleep(poll_s)

    async def _looked(
        self, operation_id: str, last: Operation | None, until: float
    ) -> Operation | None:
        """None: the platform does not answer now."""
        try:
            return await self._get(operation_id)
        except (ConnectionFailedError, UnavailableError):
            if time.monotonic() >= until:
                raise
            return None
        except NotFoundError:
            if last is None or last.kind != "remove":
                raise
            # The service is gone, and its records with it.
            return Operation({**last.raw, "state": "succeeded"})

    async def _get(self, operation: Ref) -> Operation:
        return await one(self, Operation, get(at("/operations/{}", operation)))


def _succeeded(operation: Operation) -> Operation:
    if operation.state != "succeeded":
        raise OperationFailedError.of(operation)
    return operation
