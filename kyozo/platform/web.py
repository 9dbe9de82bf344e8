"""The web server and its settings, for every process that answers requests."""

from typing import Any

import uvicorn

THREADS = 8  # of the REST face
# A few times what a socket answers to; the server's own limit is 16 MiB, for anybody.
MOST_MESSAGE = 64 * 1024
CLOSE_CONNECTIONS_S = 1


def web_server(application: Any) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            application,
            http="h11",
            ws="websockets-sansio",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            # Compression doubles the time a thousand clients take to get one event.
            ws_per_message_deflate=False,
            ws_max_size=MOST_MESSAGE,
            timeout_graceful_shutdown=CLOSE_CONNECTIONS_S,
        )
    )
