"""The state folder: where platform and command keep everything they keep on this machine."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kyozo import env


@dataclass(frozen=True, slots=True)
class StateDir:
    """$KYOZO_HOME, readable by its owner only."""

    root: Path

    @classmethod
    def here(cls) -> "StateDir":
        return cls(Path(env.text("KYOZO_HOME", "~/.local/share/kyozo")).expanduser().absolute())

    @property
    def secret_key(self) -> Path:
        return self.root / "secret_key"

    @property
    def record(self) -> Path:
        return self.root / "platform.json"

    @property
    def credentials(self) -> Path:
        return self.root / "credentials.json"

    @property
    def log(self) -> Path:
        return self.root / "platform.log"

    @property
    def lock(self) -> Path:
        return self.root / "platform.lock"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    def create(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)

    def ensure_secret_key(self) -> Path:
        """Made on the first run, and never again: the stored secrets can only be read with it."""
        if not self.secret_key.exists():
            write_private(self.secret_key, secrets.token_urlsafe(48))
        return self.secret_key


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it, from the first byte on."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """What a file of ours holds; {} when it is missing or was damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
