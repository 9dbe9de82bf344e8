"""`python -m kyozo.platform.secret_files FOLDER`: the secrets of a server installation, made once.

A file that is there stays as it is: with another encryption key the stored secrets are lost. Each
file can be read by the one user whose process needs it, and by root.
"""

import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PLATFORM_USER = 10001  # of the Dockerfile
SERVER_USER = 999  # of the images of PostgreSQL and Redis
DATABASE = "kyozo"


@dataclass(frozen=True, slots=True)
class Secret:
    """One file; `text` gets what stands in the files before it."""

    name: str
    user: int
    text: Callable[[dict[str, str]], str]


def _token(_: dict[str, str]) -> str:
    return secrets.token_urlsafe(48)


# Passwords are parts of addresses, so they have no character that means something there.
def _password(_: dict[str, str]) -> str:
    return secrets.token_hex(24)


SECRETS = (
    Secret("secret_key", PLATFORM_USER, _token),
    Secret("encryption_keys", PLATFORM_USER, _token),
    Secret("desk_secret", PLATFORM_USER, _token),
    Secret("postgres_password", SERVER_USER, _password),
    Secret(
        "database_url",
        PLATFORM_USER,
        lambda made: (
            f"postgresql://{DATABASE}:{made['postgres_password']}@postgres:5432/{DATABASE}"
        ),
    ),
    Secret(
        "redis.conf",
        SERVER_USER,
        # Nothing in it is to be kept: what is to be done stands in the database.
        lambda _: f'bind 0.0.0.0\nsave ""\nappendonly no\nrequirepass {secrets.token_hex(24)}',
    ),
    Secret(
        "broker_url",
        PLATFORM_USER,
        lambda made: f"redis://:{made['redis.conf'].split()[-1]}@redis:6379/0",
    ),
)


def make(folder: Path) -> list[str]:
    """Make what is missing; the names of those. Raises `OSError`, also where it is not root and
    could not give the files to the users that read them."""
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    made: list[str] = []
    texts: dict[str, str] = {}
    for secret in SECRETS:
        path = folder / secret.name
        if not path.exists():
            _write(path, secret.text(texts), secret.user)
            made.append(secret.name)
        texts[secret.name] = path.read_text(encoding="utf-8").strip()
    return made


def _write(path: Path, text: str, user: int) -> None:
    """Whole or not at all, and readable by nobody else from the first byte on."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
        os.fchown(file.fileno(), user, user)
    draft.rename(path)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("into which folder?", file=sys.stderr)  # noqa: T201
        return 2
    try:
        made = make(Path(arguments[0]))
    except OSError as exc:
        print(f"{exc}; run this as root", file=sys.stderr)  # noqa: T201
        return 1
    print(f"made: {', '.join(made) or 'nothing, all are there'}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
