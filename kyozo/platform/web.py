"""The web server and its settings, for every process that answers requests.

`python -m kyozo.platform.web` is a process that does nothing else: one of several, without an
engine, behind whatever speaks TLS.
"""

import gc
import logging
from typing import Any

import uvicorn

from kyozo.platform.connection import Connection

THREADS = 8  # of the REST face
# A few times what a socket answers to; the server's own limit is 16 MiB, for anybody.
MOST_MESSAGE = 64 * 1024
CLOSE_CONNECTIONS_S = 1
# Longer where somebody else goes on answering meanwhile: an upload is finished.
FINISH_REQUESTS_S = 20


def web_server(application: Any, *, finish_s: int = CLOSE_CONNECTIONS_S) -> uvicorn.Server:
    """`finish_s`: how long requests may still take after TERM; sockets are told to go at once."""
    return uvicorn.Server(
        uvicorn.Config(
            application,
            http=Connection,
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
            timeout_graceful_shutdown=finish_s,
        )
    )


def main() -> None:
    from kyozo.platform import part  # noqa: PLC0415 - only where this is a process of its own

    part.begin(desk=True, KYOZO_RUNTIME="remote", KYOZO_ROUTER="external")
    from django.conf import settings  # noqa: PLC0415

    from kyozo.asgi import application  # noqa: PLC0415
    from kyozo.platform.listener import listen  # noqa: PLC0415

    # All addresses: in a container it is the network that says who reaches it.
    port = settings.KYOZO["PORT"]
    listener = listen("0.0.0.0", port, exact=True)  # noqa: S104
    logging.getLogger("kyozo.platform").info("answering on port %d", port)
    gc.collect()
    gc.freeze()
    web_server(application, finish_s=FINISH_REQUESTS_S).run(sockets=[listener])


if __name__ == "__main__":
    main()
