"""For `benchmarks.servers`: the platform as Django itself serves it under ASGI."""

import os
from collections.abc import MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")
_http: Any = get_asgi_application()

from services.live.routing import sockets  # noqa: E402 - after Django is set up


async def application(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    await (sockets if scope["type"] == "websocket" else _http)(scope, receive, send)
