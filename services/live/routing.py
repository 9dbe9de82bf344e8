"""Addresses of the live face."""

from collections.abc import MutableMapping
from typing import Any

from channels.routing import URLRouter
from django.urls import path, re_path

from services.live.consumers import ContainersConsumer, Nowhere

websocket_urlpatterns = [
    path("live/containers", ContainersConsumer.as_asgi()),  # type: ignore[arg-type]
    re_path("", Nowhere.as_asgi()),  # type: ignore[arg-type]
]
_router: Any = URLRouter(websocket_urlpatterns)  # type: ignore[arg-type]


async def sockets(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """The ASGI application for sockets. Servers log a socket's address with its query, and the
    query may hold a token: so it is moved out of the scope before anything is accepted."""
    scope["kyozo.query"], scope["query_string"] = scope["query_string"], b""
    await _router(scope, receive, send)
