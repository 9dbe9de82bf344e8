"""Rate limits on the wire: three headers on every answer of the API, and 429 with Retry-After."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from services.api.errors import body
from services.errors import TooManyError
from services.proxied import address_of
from services.teams.limits import Rate, of_address
from services.teams.permissions import RATE

COUNTED = "/api/"
NOT_COUNTED = "/api/v1/health/"


def rate_limit(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """The gate of the REST face counts teams; what did not come that far counts by address."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not request.path.startswith(COUNTED) or request.path.startswith(NOT_COUNTED):
            return response
        rate = request.META.get(RATE)
        if not isinstance(rate, Rate):
            rate = of_address(address_of(request))
            response = _checked(rate, request, response)
        _write(rate, response)
        return response

    return middleware


def _checked(rate: Rate, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    try:
        rate.check()
    except TooManyError as exc:
        return JsonResponse(body(exc, request), status=exc.status)
    return response


def _write(rate: Rate, response: HttpResponseBase) -> None:
    response.headers["X-RateLimit-Limit"] = str(rate.limit)
    response.headers["X-RateLimit-Remaining"] = str(rate.remaining)
    response.headers["X-RateLimit-Reset"] = str(rate.reset)
    if rate.retry_after_s:
        response.headers["Retry-After"] = str(rate.retry_after_s)
