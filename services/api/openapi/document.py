"""The whole document, made once per process."""

import json
from threading import Lock
from typing import Any

from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator

from services.api.openapi.tags import chapters

_making = Lock()
_made: list[bytes] = []


def document() -> dict[str, Any]:
    # Only these: /health is the same once more, at an address for machines.
    api = [path("api/v1/", include("services.api.urls"))]
    found: dict[str, Any] = SchemaGenerator(patterns=api).get_schema(public=True)  # type: ignore[no-untyped-call]
    return {**found, "tags": chapters()}


def as_json() -> bytes:
    """The generator keeps state beside itself, so only one thread makes it; who asks meanwhile
    waits for that one. What failed is tried anew by the next."""
    with _making:
        if not _made:
            _made.append(json.dumps(document(), ensure_ascii=False).encode())
        return _made[0]
