"""Which folders of this machine may be taken at all: inside an allowed root, links resolved."""

import os
from collections.abc import Sequence
from pathlib import Path

from services.errors import InvalidError
from services.sources.secret_names import PRIVATE_FOLDERS

# Nothing in these is a project: kernel views, where reading can hang, and the machine's own files.
SYSTEM_TREES = (
    "/proc", "/sys", "/dev", "/run", "/boot", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/usr/bin",
    "/usr/sbin", "/usr/lib", "/var/lib/docker", "/var/lib/containerd", "/var/lib/kubelet",
)  # fmt: skip
# Projects lie below these; they themselves hold what belongs to everybody, or to nobody.
SYSTEM_FOLDERS = (
    "/", "/root", "/home", "/usr", "/usr/local", "/usr/share", "/var", "/var/lib", "/var/log",
    "/var/cache",
)  # fmt: skip
MAX_PATH = 4096


def resolve_folder(path: str, *, roots: Sequence[Path], state_dir: Path | None = None) -> Path:
    """The real folder behind a path; ask again at each use, because links can change."""
    if not path or "\0" in path or len(path) > MAX_PATH or not path.startswith("/"):
        raise _refused(path, "is not an absolute path")
    try:
        Path(path).stat()  # the kernel gives up after 40 links; realpath would follow thousands
        folder = Path(os.path.realpath(path, strict=True))
    except OSError as exc:
        raise _refused(path, exc.strerror or "cannot be opened") from exc
    if not folder.is_dir():
        raise _refused(path, "is not a folder")
    below = [root.resolve() for root in roots if folder.is_relative_to(root.resolve())]
    if not below:
        raise _refused(path, "lies outside the allowed folders")
    if all(PRIVATE_FOLDERS.intersection(folder.relative_to(root).parts) for root in below):
        raise _refused(
            path, "holds somebody's keys or logins", fix="Give the project's own folder."
        )
    if is_system(folder):
        raise _refused(
            path, "belongs to the system", fix="Give the project's own folder, such as /srv/app."
        )
    if state_dir is not None and _overlaps(folder, state_dir.resolve()):
        raise _refused(path, "holds the platform's own data")
    return folder


def is_system(folder: Path) -> bool:
    """Whether a real folder is one that the machine itself lives in."""
    in_tree = any(folder.is_relative_to(tree) for tree in SYSTEM_TREES)
    return in_tree or str(folder) in SYSTEM_FOLDERS


def _overlaps(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _refused(
    path: str, problem: str, *, fix: str = "Give an existing folder below one of the allowed roots."
) -> InvalidError:
    message = f"the folder {path[:200]!r}: {problem}"
    return InvalidError(
        message,
        code="source.folder_not_allowed",
        fix=fix,
        details={"folder_path": [message]},
    )
