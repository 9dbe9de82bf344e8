"""Log lines as JSON, each with the id of its request; and without the links that let people in."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

# Set while a request is answered; a WSGI thread has one at a time.
request_id: ContextVar[str] = ContextVar("kyozo.request_id", default="")
# What a browser was sent to may be odd or twice encoded, and still have a link's living secret.
_SECRET = re.compile(r"((?:/|%2f)(?:join|sign-in)(?:/|%2f)).+", re.IGNORECASE | re.DOTALL)


class JsonLines(logging.Formatter):
    """One object a line: what is in a message can make neither a second line nor another field."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if found := request_id.get():
            told["request_id"] = found
        told |= getattr(record, "fields", {})
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


class HiddenLinks(logging.Filter):
    """Lines lose all that follows /join/ or /sign-in/: whoever reads the log could come in by it.

    Belongs on each logger that tells paths, not on one above it: those do not ask their filters.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        hidden = _SECRET.sub(r"\1...", message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        return True
