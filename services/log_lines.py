"""Log lines as JSON, each with the id of the request that it belongs to."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime

# Set while a request is answered; a WSGI thread has one at a time.
request_id: ContextVar[str] = ContextVar("kyozo.request_id", default="")


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
