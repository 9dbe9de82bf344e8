"""Sessions in the database, whose keys are read as text from outside.

A cookie may hold any character, NUL too, which PostgreSQL refuses with an error and not with "no
such session". Named in the settings as the engine.
"""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A key that Django could not have made is none."""

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and key.isascii() and key.isalnum() and 8 <= len(key) <= 40
