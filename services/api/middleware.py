"""Names each request, so that an error in an answer can be found in the log."""

import logging
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from services import log_lines
from services.audit import REQUEST_ID

HEADER = "X-Request-ID"
QUIET = {"/api/v1/health/live"}  # asked every few seconds by whoever watches this process
log = logging.getLogger("kyozo.requests")


def request_id(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """A fresh id in `request.META` before the view, and in the answer's `X-Request-ID` after it.

    All that is logged meanwhile has it, too, where log lines are JSON.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.META[REQUEST_ID] = uuid.uuid4().hex
        named = log_lines.request_id.set(id_of(request))
        began = time.monotonic()
        try:
            response = get_response(request)
            response.headers[HEADER] = id_of(request)
            if settings.KYOZO["LOG_REQUESTS"] and request.path not in QUIET:
                _note(request, response.status_code, time.monotonic() - began)
            return response
        finally:
            log_lines.request_id.reset(named)

    return middleware


def id_of(request: HttpRequest) -> str:
    return str(request.META.get(REQUEST_ID, ""))


def _note(request: HttpRequest, status: int, took_s: float) -> None:
    """Without the query and without what a path has as a secret (links to sign in and to join)."""
    match = request.resolver_match
    path = request.path if match else "(no such address)"
    if match and (secret := match.kwargs.get("secret")):
        path = path.replace(str(secret), "...")
    fields = {"status": status, "ms": round(took_s * 1000, 1)}
    log.info("%s %s", request.method, path, extra={"fields": fields})
