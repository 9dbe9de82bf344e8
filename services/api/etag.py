"""ETags of a service: a change made on what somebody else changed meanwhile is refused."""

import json

from django.utils.crypto import salted_hmac
from rest_framework.request import Request

from services.errors import ChangedError
from services.models import Service
from services.models.config import SERVICE_MAPS

# What people set. What is observed changes by itself and must not make their change a conflict.
SETTINGS = ("name", "folder_path", "overrides", "environment", "secret_names", *SERVICE_MAPS)


def etag(service: Service) -> str:
    """Keyed, because secret values go into it: nobody may test guesses of them against it."""
    said = json.dumps({name: getattr(service, name) for name in SETTINGS}, sort_keys=True)
    return f'"{salted_hmac("kyozo.etag", said, algorithm="sha256").hexdigest()[:32]}"'


def check_match(request: Request, service: Service) -> None:
    """`If-Match` must name the settings as they are; without the header anything goes."""
    header = request.headers.get("If-Match", "").strip()
    if header in {"", "*"}:
        return
    if etag(service) not in {tag.strip() for tag in header.split(",")}:
        raise ChangedError(
            f"{service.name} was changed since you read it",
            fix="read it again, apply your change to that, and send its ETag in If-Match",
        )
