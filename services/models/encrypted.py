"""A JSON column that is encrypted at rest: environment variables and secrets."""

import base64
import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
else:  # Django's fields cannot be subscripted at run time
    TextField = models.TextField


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
    return json.loads(_box(tuple(settings.KYOZO["ENCRYPTION_KEYS"])).decrypt(text.encode()))


class EncryptedJSONField(TextField):
    """Holds any JSON value; the database sees only a Fernet token."""

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        return None if value is None else decrypt(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else encrypt(value)

    def to_python(self, value: Any) -> Any:
        return value
