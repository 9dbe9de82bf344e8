"""One entry of an archive, whatever its format, and what its name may be."""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from services.errors import InvalidError
from services.sources.limits import ArchiveLimits

Kind = Literal["file", "directory", "link", "copy"]
MAX_NAME = 255
# What Python's readers of archives raise on bytes that are not what they should be.
UNREADABLE = (EOFError, OSError, zlib.error, struct.error, ValueError, LookupError, RuntimeError)


def nothing() -> Iterator[bytes]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Member:
    """`target` is where a link leads; of a copy (tar's hard link) it names an earlier file.

    `content` is read once, before the next member is asked for.
    """

    name: str
    kind: Kind
    executable: bool = False
    target: str = ""
    content: Callable[[], Iterator[bytes]] = nothing


def parts_of(name: str, limits: ArchiveLimits) -> tuple[str, ...]:
    """The parts of a name that stays inside the archive; empty for the top itself."""
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if problem := _problem(name, parts, limits):
        raise refused(name, problem)
    return parts


def _problem(name: str, parts: tuple[str, ...], limits: ArchiveLimits) -> str:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "has a name that is not UTF-8"
    rules = (
        (any(ord(char) < 32 or ord(char) == 127 for char in name), "has a control character"),
        ("\\" in name, "has a backslash in its name"),
        (name.startswith("/"), "is an absolute path"),
        (".." in parts, "leads out of the archive"),
        (size > limits.path, f"has a path longer than {limits.path} bytes"),
        (any(len(part.encode()) > MAX_NAME for part in parts), "has a name that is too long"),
        (len(parts) > limits.depth, f"lies deeper than {limits.depth} folders"),
    )
    return next((problem for is_so, problem in rules if is_so), "")


def refused(name: str, problem: str) -> InvalidError:
    """Escaped, because the name may be anything."""
    return refusal(f"{name[:200]!a} {problem}")


def refusal(problem: str, *, code: str = "archive.refused", fix: str = "") -> InvalidError:
    return InvalidError(
        f"the archive cannot be taken: {problem}",
        code=code,
        details={"archive": [problem]},
        fix=fix or "Make the archive anew from the project's own files, without this entry.",
    )


def damaged(exc: BaseException) -> InvalidError:
    said = str(exc) or type(exc).__name__
    return refusal(
        f"it is damaged or cut off ({said[:200]!a})",
        code="archive.damaged",
        fix="Make the archive anew and send all of it.",
    )
