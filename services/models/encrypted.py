"""A JSON column that is encrypted at rest: environment variables and secrets."""

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models

MOST_KEPT = 8192  # characters of a token; a thousand of those are no matter


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    """The first key encrypts; all of them decrypt, so that a key can be changed."""
    derived = (hashlib.sha256(b"kyozo.column." + key.encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def encrypt(value: Any) -> str:
    return (
        _box(tuple(settings.KYOZO["ENCRYPTION_KEYS"])).encrypt(json.dumps(value).encode()).decode()
    )


def decrypt(text: str) -> Any:
    opened = _opened if len(text) <= MOST_KEPT else _opened.__wrapped__
    return json.loads(opened(tuple(settings.KYOZO["ENCRYPTION_KEYS"]), text))


@lru_cache(maxsize=1024)
def _opened(keys: tuple[str, ...], text: str) -> bytes:
    """Kept for a while: a page of services opens one for each, and is asked for again and again."""
    return _box(keys).decrypt(text.encode())


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]  # no subscript at run time
    """Holds any JSON value; the database sees only a Fernet token."""

    _pyi_private_set_type: Any  # what the type checker lets a model take and give
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return None if value is None else decrypt(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else encrypt(value)

    def to_python(self, value: Any) -> Any:
        return value
