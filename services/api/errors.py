"""The one place where an error becomes an answer of the REST face."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from services.api.middleware import id_of
from services.errors import (
    BadRequestError,
    ForbiddenError,
    KyozoError,
    NotFoundError,
    TooManyError,
    UnauthorizedError,
)

log = logging.getLogger(__name__)

READING = ("GET", "HEAD")
NOT_ALLOWED = "method_not_allowed"
INTERNAL = "Internal server error occurred"
# What DRF and Django raise by themselves, as our own errors. Order matters: the first match counts.
FOREIGN: tuple[tuple[type[Exception], type[KyozoError], str], ...] = (
    (exceptions.NotAuthenticated, UnauthorizedError, "Authentication required"),
    (exceptions.AuthenticationFailed, UnauthorizedError, "Authentication required"),
    (exceptions.PermissionDenied, ForbiddenError, "Insufficient permissions for this operation"),
    (PermissionDenied, ForbiddenError, "Insufficient permissions for this operation"),
    (exceptions.ParseError, BadRequestError, "The body is not valid JSON in UTF-8"),
    (Http404, NotFoundError, "Not found"),
)


def answer(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: every exception of a view ends here."""
    set_rollback()
    request: HttpRequest = context["request"]
    error = _as_ours(exc)
    headers: dict[str, str] = {}
    if isinstance(exc, exceptions.MethodNotAllowed | exceptions.UnsupportedMediaType):
        return _of_http(exc, context)
    if error is None or error.status == 500:
        log.error("request %s failed", id_of(request), exc_info=exc)
        error = error or KyozoError(INTERNAL)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyError):
        headers["Retry-After"] = str(error.retry_after_s)
    return Response(body(error, request), status=error.status, headers=headers)


def body(error: KyozoError, request: HttpRequest) -> dict[str, Any]:
    """The seed's shape; `code` is always there, the optional parts only when they say something."""
    optional = {"details": error.details, "fix": error.fix, "params": error.params}
    return {
        "error": {
            "message": INTERNAL if type(error) is KyozoError else error.message,
            "code": error.error_code,
            **{name: value for name, value in optional.items() if value},
            "request_id": id_of(request),
        }
    }


@csrf_exempt  # a program with a token that mistypes an address is to hear of the address
def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return JsonResponse(body(NotFoundError("Not found"), request), status=404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """What Django refuses before any view: a foreign Host header, a malformed address."""
    return JsonResponse(body(BadRequestError("Bad request"), request), status=400)


def server_error(request: HttpRequest) -> JsonResponse:
    return JsonResponse(body(KyozoError(INTERNAL), request), status=500)


def only_reads(view: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """A plain view for GET and HEAD; another method is a 405 in the shape of all errors."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if request.method in READING:
            return view(request)
        error = BadRequestError(f'Method "{request.method}" not allowed.', code=NOT_ALLOWED)
        allowed = {"Allow": ", ".join(READING)}
        return JsonResponse(body(error, request), status=405, headers=allowed)

    return answer


def _as_ours(exc: Exception) -> KyozoError | None:
    if isinstance(exc, KyozoError):
        return exc
    for foreign, ours, message in FOREIGN:
        if isinstance(exc, foreign):
            return ours(message)
    return None


def _of_http(exc: exceptions.APIException, context: dict[str, Any]) -> Response:
    """405 and 415: the caller's program is wrong, and HTTP has its own words for it."""
    is_method = isinstance(exc, exceptions.MethodNotAllowed)
    error = BadRequestError(
        str(exc.detail),
        code=NOT_ALLOWED if is_method else "unsupported_media_type",
        fix="" if is_method else f"Send Content-Type: {_accepted(context['view'])}.",
    )
    headers = {"Allow": ", ".join(context["view"].allowed_methods)} if is_method else {}
    return Response(body(error, context["request"]), status=exc.status_code, headers=headers)


def _accepted(view: APIView) -> str:
    return ", ".join(parser.media_type for parser in view.get_parsers())
