"""What one folder may hold before it is refused, and what was left out of it."""

from dataclasses import dataclass

MIB = 1024**2
GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Limits:
    """`bytes` counts apparent sizes: a sparse file is read, hashed and sent with all its zeros."""

    files: int = 200_000
    bytes: int = 4 * GIB
    depth: int = 256


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may hold. `ratio` is how many times its own size it may unpack to; small ones
    may reach `free_bytes` whatever their ratio, because text packs well."""

    entries: int = 100_000
    bytes: int = 2 * GIB
    ratio: int = 100
    free_bytes: int = 64 * MIB
    path: int = 1024
    depth: int = 64
    links: int = 10_000

    def bytes_for(self, size: int) -> int:
        """What an archive of this size may unpack to."""
        return min(self.bytes, max(self.free_bytes, self.ratio * size))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the folder that is not in the tree, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"
