"""Names each request, so that an error in an answer can be found in the log."""

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from services.audit import REQUEST_ID

HEADER = "X-Request-ID"


def request_id(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """A fresh id in `request.META` before the view, and in the answer's `X-Request-ID` after it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.META[REQUEST_ID] = uuid.uuid4().hex
        response = get_response(request)
        response.headers[HEADER] = id_of(request)
        return response

    return middleware


def id_of(request: HttpRequest) -> str:
    return str(request.META.get(REQUEST_ID, ""))
