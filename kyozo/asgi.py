"""One ASGI application: sockets on the loop, REST and pages in WSGI threads.

Django's own ASGI handler opens a database connection per request and runs each middleware through
a thread hop; threads that stay keep both (docs/decisions/0002). The embedded platform starts and
stops its workers itself, so there is no lifespan here.
"""

import os
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote

from a2wsgi import WSGIMiddleware
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")

from kyozo.platform.web import THREADS
from kyozo.wsgi import application as rest
from services.live.log_stream import follow_logs, is_follow
from services.live.routing import sockets

LIVE = "/live/"
_http: Any = WSGIMiddleware(rest, workers=THREADS)  # type: ignore[arg-type]


async def application(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif scope["type"] == "http":
        if scope["path"].startswith(LIVE):
            # A socket that lost its upgrade on the way: servers log this query, and it has a token.
            scope["query_string"] = b""
        # The bridge reads the query as ASCII and would fail on a raw byte that is none.
        scope["query_string"] = quote(scope["query_string"], safe="%&=+/:?#[]@!$'()*,;~").encode()
        if is_follow(scope):
            await follow_logs(scope, receive, send, rest=_http)
        else:
            await _http(scope, await _measured(scope, receive), send)


async def _measured(scope: MutableMapping[str, Any], receive: Any) -> Any:
    """WSGI reads no body without a Content-Length: one sent in chunks is put together first.

    An archive is too large for that: it gets a length that is too long, and ends when it ends.
    """
    if not any(name == b"transfer-encoding" for name, _ in scope["headers"]):
        return receive
    if scope["path"].endswith("/archive"):
        most = settings.KYOZO["ARCHIVE_MB"] * 1024 * 1024 + 1
        scope["headers"] = [*scope["headers"], (b"content-length", str(most).encode())]
        return receive
    body, more = b"", True
    while more and len(body) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    scope["headers"] = [*scope["headers"], (b"content-length", str(len(body)).encode())]

    async def whole() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return whole
