"""What was hashed before, by path and stat, so that an unchanged folder is not read again."""

import json
import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path

VERSION = 1
# Some file systems keep times in steps of two seconds: a file changed that recently could change
# again without its times showing it, so it is never remembered (git calls such entries racy).
RACY_NS = 2_000_000_000

Key = list[int]


def _key(status: os.stat_result) -> Key:
    return [
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        stat.S_IMODE(status.st_mode),
    ]


@dataclass(slots=True)
class StatIndex:
    """Hashes of one folder's files. A missing or damaged file is an empty index, never an error."""

    path: Path
    _known: dict[str, tuple[Key, str]] = field(default_factory=dict)
    _seen: dict[str, tuple[Key, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "StatIndex":
        try:
            stored = json.loads(path.read_bytes())
            if stored["version"] != VERSION:
                return cls(path)
            known = {name: (entry[:-1], entry[-1]) for name, entry in stored["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(path)
        return cls(path, known)

    def hash_of(self, name: str, status: os.stat_result) -> str | None:
        known = self._known.get(name)
        if known is None or known[0] != _key(status):
            return None
        self._seen[name] = known
        return known[1]

    def remember(self, name: str, status: os.stat_result, sha: str) -> None:
        changed_ns = max(status.st_mtime_ns, status.st_ctime_ns)
        if time.time_ns() - changed_ns > RACY_NS:
            self._seen[name] = (_key(status), sha)

    def save(self) -> None:
        """Keep only what was seen this time; written beside and renamed, so never half there."""
        if self._seen == self._known:
            return
        files = {name: [*key, sha] for name, (key, sha) in self._seen.items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.{time.monotonic_ns()}")
        beside.write_text(json.dumps({"version": VERSION, "files": files}, separators=(",", ":")))
        beside.replace(self.path)
        self._known, self._seen = self._seen, {}
