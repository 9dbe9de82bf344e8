"""What one folder may hold before it is refused, and what was left out of it."""

from dataclasses import dataclass

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Limits:
    """`bytes` counts apparent sizes: a sparse file is read, hashed and sent with all its zeros."""

    files: int = 200_000
    bytes: int = 4 * GIB
    depth: int = 256


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the folder that is not in the tree, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"
