"""What the other processes of an installation hint, as long as Redis lets us hear it.

Imported only where Redis is configured: it costs megabytes.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services import relay
from services.events import Hint

log = logging.getLogger(__name__)

CONNECT_S = 5.0
FIRST_PAUSE_S, MOST_PAUSE_S = 0.1, 5.0
QUIET_S = 10.0


class Subscriber:
    """One subscription per process, on its loop. `hear` gets each hint; `catch_up` is called
    whenever some may have been missed, which is at the beginning, too."""

    def __init__(
        self, url: str, *, hear: Callable[[Hint], None], catch_up: Callable[[], None]
    ) -> None:
        self._url = url
        self._hear = hear
        self._catch_up = catch_up
        self._pause_s = FIRST_PAUSE_S
        self._is_away = False

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as exc:
                if not self._is_away:
                    log.warning("other processes are heard some seconds late: %s", exc)
                self._is_away = True
            except Exception:
                log.exception("other processes are heard anew")
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, MOST_PAUSE_S)

    async def _listen(self) -> None:
        # Its own way to come back (ten tries) would not say that something was missed.
        redis = Redis.from_url(
            self._url,
            socket_timeout=CONNECT_S,
            socket_connect_timeout=CONNECT_S,
            retry=Retry(NoBackoff(), 0),
        )
        async with redis, redis.pubsub() as subscription:
            await subscription.subscribe(relay.channel())
            is_asked = False
            while True:
                message = await subscription.get_message(timeout=QUIET_S)
                if message is not None:
                    is_asked = False
                    self._take(message)
                elif is_asked:
                    raise TimeoutError("Redis does not answer")
                else:
                    # A connection that is cut without a word looks like a quiet one.
                    await subscription.ping()
                    is_asked = True

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._pause_s, self._is_away = FIRST_PAUSE_S, False
            self._catch_up()
        elif message["type"] == "message" and (said := relay.read(message["data"])):
            try:
                self._hear(said)
            except Exception:
                # One that cannot be handed out costs nobody the next.
                log.exception("a hint of another process is dropped")
