"""Which folders of this machine may be taken at all: inside an allowed root, links resolved."""

import os
from collections.abc import Sequence
from pathlib import Path

from services.errors import InvalidError

# Kernel views, not folders of anybody's; reading them can hang or leak.
NEVER = (Path("/proc"), Path("/sys"), Path("/dev"))
MAX_PATH = 4096


def resolve_folder(path: str, *, roots: Sequence[Path], state_dir: Path | None = None) -> Path:
    """The real folder behind a path; ask again at each use, because links can change."""
    if not path or "\0" in path or len(path) > MAX_PATH or not path.startswith("/"):
        raise _refused(path, "is not an absolute path")
    try:
        folder = Path(os.path.realpath(path, strict=True))
    except OSError as exc:
        raise _refused(path, exc.strerror or "cannot be opened") from exc
    if not folder.is_dir():
        raise _refused(path, "is not a folder")
    if not any(folder.is_relative_to(root.resolve()) for root in roots):
        raise _refused(path, "lies outside the allowed folders")
    if folder == Path("/") or any(folder.is_relative_to(never) for never in NEVER):
        raise _refused(path, "belongs to the system")
    if state_dir is not None and _overlaps(folder, state_dir.resolve()):
        raise _refused(path, "holds the platform's own data")
    return folder


def _overlaps(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _refused(path: str, problem: str) -> InvalidError:
    message = f"the folder {path[:200]!r}: {problem}"
    return InvalidError(
        message,
        code="source.folder_not_allowed",
        fix="Give an existing folder below one of the allowed roots.",
        details={"folder_path": [message]},
    )
