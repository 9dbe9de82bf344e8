"""One ASGI application: sockets on the loop, REST and pages in WSGI threads.

Django's own ASGI handler opens a database connection per request and runs each middleware through
a thread hop; threads that stay keep both (docs/decisions/0002). The embedded platform starts and
stops its workers itself, so there is no lifespan here.
"""

import os
from collections.abc import MutableMapping
from functools import partial
from typing import Any
from urllib.parse import quote

from a2wsgi import WSGIMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")

from kyozo.platform.web import THREADS
from kyozo.wsgi import application as rest

# isort: split
# Django is set up from here on.
from kyozo.bodies import with_body
from services.live.log_stream import follow_logs, is_follow
from services.live.routing import sockets

LIVE = "/live/"
# As many parts of an answer as no answer has: a thread that sends does not wait for who reads.
PARTS = 64
_http: Any = WSGIMiddleware(rest, workers=THREADS, send_queue_size=PARTS)  # type: ignore[arg-type]
_logs = partial(follow_logs, rest=_http)


async def application(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    # WSGI and CGI read `-` and `_` in a name as one: who sends X_Forwarded_For would be believed.
    scope["headers"] = [pair for pair in scope["headers"] if b"_" not in pair[0]]
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif scope["type"] == "http":
        if scope["path"].startswith(LIVE):
            # A socket that lost its upgrade on the way: servers log this query, and it has a token.
            scope["query_string"] = b""
        # The bridge reads the query as ASCII and would fail on a raw byte that is none.
        scope["query_string"] = quote(scope["query_string"], safe="%&=+/:?#[]@!$'()*,;~").encode()
        await with_body(scope, receive, send, rest=_logs if is_follow(scope) else _http)
