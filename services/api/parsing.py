"""Bodies in: JSON only, of bounded size and depth, and text that a database can hold."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.http.multipartparser import MultiPartParserError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from services.errors import BadRequestError, TooLargeError

ARCHIVE_TYPES = (
    "application/gzip",
    "application/x-gzip",
    "application/zip",
    "application/octet-stream",
)


class StrictJSONParser(BaseParser):
    """Refuses what Python's parser lets through or dies of: NaN, deep nesting, half characters."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(most + 1)
        if len(body) > most:
            raise TooLargeError(f"The body is larger than {most} bytes")
        if not body:
            return {}
        try:
            value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
            # A lone surrogate is legal in JSON and cannot be stored: encoding finds it.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as exc:
            raise BadRequestError("The body is not valid JSON in UTF-8") from exc
        return value


class ArchiveParser(BaseParser):
    """Hands the body on as a stream: nothing of an archive is held in memory."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return stream


ARCHIVES = [
    type("ArchiveParser", (ArchiveParser,), {"media_type": media_type})
    for media_type in ARCHIVE_TYPES
]


class NoFiles(FileUploadHandler):
    """Forms have no files. Django would read them to disk before any view, and counts them not."""

    def new_file(self, *args: Any, **options: Any) -> None:
        raise MultiPartParserError("no form takes files")


class AlwaysJson(DefaultContentNegotiation):
    """Answers JSON whatever `Accept` says: there is nothing else to choose from."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
