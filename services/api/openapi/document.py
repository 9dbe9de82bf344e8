"""The whole document, made once per process."""

import json
from functools import cache
from threading import Lock
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from services.api.openapi.tags import chapters

_making = Lock()


def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return {**found, "tags": chapters()}


@cache
def as_json() -> bytes:
    """The generator keeps state beside itself, so only one thread makes it."""
    with _making:
        return json.dumps(document(), ensure_ascii=False).encode()
