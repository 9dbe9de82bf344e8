"""A build's log: masked, written to its row in batches, hinted to live listeners."""

import time
from typing import Any

from django.db import transaction

from services import events
from services.builds.masking import Masker
from services.models import Build, LogChunk

EVERY_S = 0.2
MOST_BYTES = 64 * 1024


class BuildLog:
    """Takes lines from one thread; `flush_if_due` writes what has waited long enough."""

    def __init__(self, build: Build, *, secrets: list[str]) -> None:
        self.build = build
        self._masker = Masker(secrets)
        self._lines: list[str] = []
        self._size = 0
        self._last = time.monotonic()
        self._number = build.chunks.count()

    def write(self, line: str) -> None:
        # NUL is the one character that PostgreSQL does not store in text.
        text = self._masker.mask(line).replace("\0", "")
        self._lines.append(text)
        self._size += len(text)
        if self._size >= MOST_BYTES:
            self.flush()
        else:
            self.flush_if_due()

    def mask(self, value: Any) -> Any:
        """A value of JSON with all its texts masked."""
        if isinstance(value, str):
            return self._masker.mask(value)
        if isinstance(value, dict):
            return {key: self.mask(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask(item) for item in value]
        return value

    def flush_if_due(self) -> None:
        if self._lines and time.monotonic() - self._last >= EVERY_S:
            self.flush()

    def flush(self) -> None:
        self._last = time.monotonic()
        if not self._lines:
            return
        text = "\n".join(self._lines) + "\n"
        self._lines, self._size = [], 0
        self._number += 1
        with transaction.atomic():
            chunk = LogChunk.objects.create(build=self.build, number=self._number, text=text)
            transaction.on_commit(lambda: self._tell(chunk))

    def _tell(self, chunk: LogChunk) -> None:
        events.hint(
            self.build.service,
            {
                "event": "build_log",
                "payload": {
                    "build_id": str(self.build.id),
                    "service_id": str(self.build.service_id),
                    "operation_id": str(self.build.operation_id),
                    "number": chunk.number,
                    "text": chunk.text,
                },
            },
        )
