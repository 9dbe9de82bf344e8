"""What an instance said at last, as text that outlives its container: a line each, with its time
and stream, so that a reader goes on there."""

import re
from collections import deque
from contextlib import suppress

from services.errors import EngineError
from services.lifecycle.describe import log_masker
from services.lifecycle.engine import runtime
from services.models import Instance
from services.runtimes.base import LogLine

# As many lines as one answer may have.
KEPT_LINES = 10_000
KEPT_BYTES = 1024 * 1024
# Of a service; as many as it may have replicas.
KEPT_INSTANCES = 100
_KEPT = re.compile(r"(20\d\d-\d\d-\d\dT[\d:.]{8,18}Z) (stdout|stderr) (.*)", re.DOTALL)


def kept_lines(row: Instance) -> str:
    """The end of its log without secrets, up to where the engine breaks off. Never more of it is
    held than is kept, however much it said."""
    if not row.engine_id:
        return ""
    lines: deque[LogLine] = deque()
    size = 0
    with suppress(EngineError):
        for line in runtime().logs(row.engine_id, tail=KEPT_LINES):
            lines.append(line)
            size += _size(line)
            while size > KEPT_BYTES:
                size -= _size(lines.popleft())
    mask = log_masker(row).mask
    return "\n".join(f"{line.at} {line.stream} {mask(line.text)}" for line in lines)


def parse_kept(text: str) -> list[LogLine]:
    """What `kept_lines` wrote; older rows have the bare lines."""
    lines = text.split("\n") if text else []
    parts = [_KEPT.fullmatch(line) for line in lines]
    return [
        LogLine(*found.groups()) if found else LogLine("", "stdout", line)
        for found, line in zip(parts, lines, strict=True)
    ]


def _size(line: LogLine) -> int:
    """In bytes, with the line's end and the space between its parts."""
    return len(line.at) + len(line.stream) + len(line.text.encode(errors="replace")) + 3
