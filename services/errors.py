"""One error tree: a stable code, an HTTP status, whether to try again, and what to do next.

    KyozoError
    |- BadRequestError (400)     not the shape asked for: an unknown field, a wrong JSON type
    |- UnauthorizedError (401)   no living token and no session
    |- InvalidError (422)        well-formed but not acceptable; `details` has fields and why
    |- NotFoundError (404)       also for everything that belongs to another team
    |- ForbiddenError (403)
    |- ChangedError (412)        somebody changed it since it was read (`If-Match`)
    |- TooSlowError (408)        what was to be sent did not come in time
    |- TooLargeError (413)       more was sent than is taken
    |- ConflictError (409)       the state forbids it now
    |  `- ServiceBusyError       another operation runs; `params["operation_id"]` names it
    |- TooManyError (429)        more requests than the plan has; wait
    |- EngineError (503)         the container engine said no, was too slow or is gone
    |  |- EngineUnreachableError
    |  |- EngineNotFoundError    the engine has no such object
    |  `- AddressTakenError      another container has the address, or the engine thinks so
    |- RouterError (503)         the router did not start, answer or take over the routes in time
    |  `- RouterPortTakenError   (409) a program of somebody else listens there
    |- BuildError (422)          the image could not be built
    |- DeployError (422)         the new release did not come up; the old one serves
    |- FenceLostError            somebody else claimed the service: stop at once, touch nothing
    `- CancelledError            the person asked to stop

Faces map these once each (services/api/errors.py); nothing else turns an error into a status.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class KyozoError(Exception):
    """Base of all errors this product raises on purpose.

    `message` is for people, `code` for programs, `fix` says what to do next,
    `details` maps a field name to a list of complaints, `params` carries ids and figures.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fix: str = "",
        details: Mapping[str, list[str]] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or self.code
        self.fix = fix
        self.details = dict(details or {})
        self.params = dict(params or {})


class BadRequestError(KyozoError):
    code = "bad_request"
    status = 400


class TooLargeError(KyozoError):
    code = "too_large"
    status = 413


class TooSlowError(KyozoError):
    code = "too_slow"
    status = 408


class ChangedError(KyozoError):
    code = "changed"
    status = 412


class UnauthorizedError(KyozoError):
    code = "unauthorized"
    status = 401


class InvalidError(KyozoError):
    code = "invalid"
    status = 422


class NotFoundError(KyozoError):
    code = "not_found"
    status = 404


class ForbiddenError(KyozoError):
    code = "forbidden"
    status = 403


class ConflictError(KyozoError):
    code = "conflict"
    status = 409


class ServiceBusyError(ConflictError):
    code = "service.busy"


class TooManyError(KyozoError):
    code = "rate_limited"
    status = 429
    retryable = True

    @property
    def retry_after_s(self) -> int:
        """How long to wait, also where nobody can know."""
        return max(1, int(self.params.get("retry_after_s", 1)))


class EngineError(KyozoError):
    code = "engine.failed"
    status = 503
    retryable = True


class EngineUnreachableError(EngineError):
    code = "engine.unreachable"


class EngineNotFoundError(EngineError):
    code = "engine.not_found"
    retryable = False


class AddressTakenError(EngineError):
    code = "engine.address_taken"


class RouterError(KyozoError):
    code = "router.failed"
    status = 503
    retryable = True


class RouterPortTakenError(RouterError):
    code = "router.port_taken"
    status = 409
    retryable = False


class BuildError(KyozoError):
    code = "build.failed"
    status = 422


class DeployError(KyozoError):
    code = "deploy.failed"
    status = 422


class FenceLostError(KyozoError):
    code = "fence.lost"
    status = 409
    retryable = True


class CancelledError(KyozoError):
    code = "operation.cancelled"
    status = 409
