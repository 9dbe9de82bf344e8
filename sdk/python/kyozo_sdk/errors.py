"""What can go wrong, as classes.

KyozoError
├── InvalidError            400, 413, 415, 422: not acceptable; `details` has the fields
├── UnauthorizedError       401: no token, or one that opens nothing
├── ForbiddenError          403: role or scope does not reach
├── NotFoundError           404: not there, or not yours
├── ConflictError           409: the state forbids it now
│   └── ChangedError        412: somebody changed it meanwhile
├── RateLimitedError        429: `retry_after` seconds
├── UnavailableError        500, 502, 503, 504
├── ConnectionFailedError   nobody answers, or the connection was cut
│   └── TimedOutError       no answer in time
├── ForeignAnswerError      what answered is no Kyozo platform
├── OperationFailedError    an operation that was waited for ended badly; `operation`
└── WaitTimeoutError        an operation that was waited for has not ended; `operation`
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from kyozo_sdk.models import Operation


class KyozoError(Exception):
    """`code` is stable and meant for programs, `fix` says what to do next.

    `status` is that of HTTP, 0 where there was no answer. `details` names complaints by field,
    `params` ids and figures. The platform's log has the `request_id`.
    """

    def __init__(  # noqa: PLR0913 - the fields of an error, each by its name
        self,
        message: str,
        *,
        code: str = "",
        status: int = 0,
        request_id: str = "",
        details: Mapping[str, list[str]] | None = None,
        fix: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.request_id = request_id
        self.details = dict(details or {})
        self.fix = fix
        self.params = dict(params or {})

    def __str__(self) -> str:
        complaints = [f"{name}: {'; '.join(said)}" for name, said in self.details.items()]
        parts = [self.message, *complaints]
        text = " | ".join(part for part in parts if part)
        known = ", ".join(part for part in (self.code, self.request_id) if part)
        return f"{text} ({known})" if known else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), dict(vars(self)))


class InvalidError(KyozoError):
    """The request cannot be accepted as it is."""


class UnauthorizedError(KyozoError):
    """There is no token, or it opens nothing (any more)."""


class ForbiddenError(KyozoError):
    """The member's role or the token's scope does not reach."""


class NotFoundError(KyozoError):
    """It is not there, or it is another team's."""


class ConflictError(KyozoError):
    """The state of things forbids it now."""


class ChangedError(ConflictError):
    """Somebody changed it since the `etag` that was sent.

    After a connection cut that may have been this very request: look before it is sent again.
    """


class RateLimitedError(KyozoError):
    """Too many requests; more are answered after `retry_after` seconds."""

    retry_after: float = 0.0


class UnavailableError(KyozoError):
    """The platform, or something that it needs, has failed."""


class ConnectionFailedError(KyozoError):
    """Nobody answers at the address, or the connection was cut once too often."""


class TimedOutError(ConnectionFailedError):
    """There was no answer in time; whether the request had its effect is not known."""


class ForeignAnswerError(KyozoError):
    """What answered is not a Kyozo platform: a proxy's page, a redirect, another program."""


class _OperationError(KyozoError):
    operation: "Operation"

    @classmethod
    def of(cls, operation: "Operation") -> Self:
        said = operation.error or {}
        error = cls(
            str(said.get("message") or f"{operation.kind} {operation.state}"),
            code=str(said.get("code") or f"operation.{operation.state}"),
            fix=str(said.get("fix") or ""),
            params={"operation_id": operation.id, "service_id": operation.service_id},
        )
        error.operation = operation
        return error


class OperationFailedError(_OperationError):
    """An operation ended as failed, cancelled or superseded. `operation.error` says more."""


class WaitTimeoutError(_OperationError):
    """The operation goes on; only the waiting ended."""


BY_STATUS: Mapping[int, type[KyozoError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    412: ChangedError,
    429: RateLimitedError,
}


def kind_of(status: int) -> type[KyozoError]:
    if status >= 500:
        return UnavailableError
    return BY_STATUS.get(status, InvalidError)


def _again(kind: type[KyozoError], fields: dict[str, Any]) -> KyozoError:
    """An error from another process: pickle would call the class with its message alone."""
    error = kind(fields["message"])
    vars(error).update(fields)
    return error
