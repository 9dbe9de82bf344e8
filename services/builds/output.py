"""A program's raw output -> clean, masked, short lines; endless lines and logs take no memory."""

from collections.abc import Callable, Iterator, Mapping

from services.builds.masking import Masker
from services.builds.progress import BuildLine, Progress, clean

MAX_LINE = 8 * 1024
MAX_LOG = 32 * 1024 * 1024


class LineCutter:
    """Bytes in, lines out. Of a line longer than `keep` only the beginning is held."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._held = bytearray()
        self._dropped = 0

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, int]]:
        """Each finished line with the number of bytes that were dropped from it."""
        *finished, rest = chunk.split(b"\n")
        for part in finished:
            self._take(part)
            yield self._line()
        self._take(rest)

    def finish(self) -> Iterator[tuple[bytes, int]]:
        if self._held:
            yield self._line()

    def _take(self, part: bytes) -> None:
        room = max(0, self._keep - len(self._held))
        self._held += part[:room]
        self._dropped += max(0, len(part) - room)

    def _line(self) -> tuple[bytes, int]:
        line, dropped = bytes(self._held), self._dropped
        self._held.clear()
        self._dropped = 0
        return line, dropped


class LogWriter:
    """Sends a build's lines on and keeps the progress; past the cap it only keeps the progress.

    `called` says how people call what the build has other names for.
    """

    def __init__(
        self,
        log: Callable[[BuildLine], None],
        masker: Masker,
        *,
        called: Mapping[str, str] | None = None,
        max_log: int = MAX_LOG,
    ) -> None:
        self.progress = Progress()
        self._log = log
        self._masker = masker
        self._called = called or {}
        self._left = max_log
        self._cutter = LineCutter(MAX_LINE + masker.longest)

    def feed(self, chunk: bytes) -> None:
        for line, dropped in self._cutter.feed(chunk):
            self._line(line, dropped)

    def finish(self) -> None:
        for line, dropped in self._cutter.finish():
            self._line(line, dropped)

    def _line(self, raw: bytes, dropped: int) -> None:
        # Cleaned before masked: codes inside a secret must not hide it from the mask.
        text = self._masker.mask(clean(raw.decode(errors="replace")))
        for name, usual in self._called.items():
            text = text.replace(name, usual)
        if dropped or len(text) > MAX_LINE:
            text = f"{text[:MAX_LINE]} ... (cut, {len(text[MAX_LINE:]) + dropped} more)"
        for line in self.progress.read(text):
            self.say(line)

    def say(self, line: BuildLine) -> None:
        if self._left <= 0:
            return
        self._left -= len(line.text) + 1
        self._log(line)
        if self._left <= 0:
            self._log(BuildLine("the log has reached its limit; the rest is not kept"))
