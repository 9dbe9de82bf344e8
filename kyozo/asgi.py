"""One ASGI application: sockets on the loop, REST and pages in WSGI threads.

Django's own ASGI handler opens a database connection per request and runs each middleware through
a thread hop; threads that stay keep both (docs/decisions/0002). The embedded platform starts and
stops its workers itself, so there is no lifespan here.
"""

import os
from typing import Any
from urllib.parse import quote

from a2wsgi import WSGIMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")

from kyozo.wsgi import application as rest
from services.live.routing import sockets

THREADS = 8
_http: Any = WSGIMiddleware(rest, workers=THREADS)  # type: ignore[arg-type]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif scope["type"] == "http":
        # The bridge reads the query as ASCII and would fail on a raw byte that is none.
        scope["query_string"] = quote(scope["query_string"], safe="%&=+/:?#[]@!$'()*,;~").encode()
        await _http(scope, receive, send)
