"""One connection of the web server. Who asks and does not read is let go: what is kept for them
would stay for as long as they like."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

# More than followed logs give a late reader to hear why they end (services/live/log_stream.py).
READ_S = 60.0
READ = 32 * 1024  # that much is to be read in that time


class Connection(H11Protocol):
    _looking: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look_later(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._look_no_more()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._look_no_more()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """All is answered. Closing waits for what was sent to be read, so that has an end, too."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(READ_S, self.transport.abort)

    def _look_later(self, left: int) -> None:
        self._looking = self.loop.call_later(READ_S, self._look, left)

    def _look(self, left: int) -> None:
        now = self.transport.get_write_buffer_size()
        if now > left - READ:
            self.transport.abort()
        else:
            self._look_later(now)

    def _look_no_more(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
