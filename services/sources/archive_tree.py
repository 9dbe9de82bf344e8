"""The folder that an archive becomes: made entry by entry, no link followed while it is made."""

import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.errors import InvalidError
from services.sources.archive_member import Kind, Member, parts_of, refusal, refused
from services.sources.limits import ArchiveLimits, LeftOut
from services.sources.reading import DIRECTORY, FILE
from services.sources.scan import stays_inside

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_LINK = 4096
COPY_CHUNK = 1024 * 1024
OR_MAY = ", or may do so by a `..` behind a name"
Parts = tuple[str, ...]


class ArchiveTree:
    """`is_checkout`: of a repository whose files may differ only in case; links out of it are left
    out. An archive of somebody's making is refused for either."""

    def __init__(
        self, into: Path, limits: ArchiveLimits, *, most_bytes: int, is_checkout: bool
    ) -> None:
        into.mkdir(mode=0o700, parents=True)
        self.left_out: list[LeftOut] = []
        self.files = 0
        self.bytes = 0
        self._limits = limits
        self._most_bytes = most_bytes
        self._is_checkout = is_checkout
        self._known: dict[str, tuple[str, Kind]] = {}
        self._links = 0
        self._top = os.open(into, DIRECTORY)

    def close(self) -> None:
        os.close(self._top)

    def add(self, member: Member) -> None:
        parts = parts_of(member.name, self._limits)
        if not parts:
            if member.kind != "directory":
                raise refused(member.name, "has no name")
            return
        for depth in range(1, len(parts)):
            self._directory(parts[:depth])
        if member.kind == "directory":
            self._directory(parts)
            return
        self._claim(parts, member.kind)
        with self._parent(parts) as parent, _writing():
            self._make(member, parts, parent)

    def finish(self) -> None:
        if not self.files:
            raise refusal("it holds no files", fix="Send an archive of the project's folder.")

    def _make(self, member: Member, parts: Parts, parent: int) -> None:
        if member.kind == "link":
            self._link(member, parts, parent)
        elif member.kind == "copy":
            self._copy(member, parts, parent)
        else:
            self._write(parts[-1], parent, member.content(), executable=member.executable)

    def _directory(self, parts: Parts) -> None:
        if self._claim(parts, "directory"):
            with self._parent(parts) as parent, _writing():
                os.mkdir(parts[-1], mode=0o755, dir_fd=parent)

    def _claim(self, parts: Parts, kind: Kind) -> bool:
        """Whether the name is new. Only a directory may be named again."""
        path = "/".join(parts)
        key = path if self._is_checkout else unicodedata.normalize("NFC", path).casefold()
        known = self._known.get(key)
        if known is None:
            self._known[key] = path, kind
            if len(self._known) > self._limits.entries:
                raise refusal(f"it has more than {self._limits.entries} entries")
            return True
        if known[0] != path:
            raise refused(path, f"differs from {known[0][:200]!a} only in its spelling")
        if {kind, known[1]} != {"directory"}:
            raise refused(path, "is there twice")
        return False

    @contextmanager
    def _parent(self, parts: Parts) -> Iterator[int]:
        current = os.dup(self._top)
        try:
            for part in parts[:-1]:
                inner = os.open(part, DIRECTORY, dir_fd=current)
                os.close(current)
                current = inner
            yield current
        finally:
            os.close(current)

    def _write(self, name: str, parent: int, content: Iterator[bytes], *, executable: bool) -> None:
        descriptor = os.open(name, CREATE, 0o600, dir_fd=parent)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in content:
                self._count(len(chunk))
                file.write(chunk)
            os.fchmod(descriptor, 0o755 if executable else 0o644)
        self.files += 1

    def _count(self, size: int) -> None:
        self.bytes += size
        if self.bytes > self._most_bytes:
            raise refusal("it unpacks to more than is allowed", code="archive.too_large")

    def _link(self, member: Member, parts: Parts, parent: int) -> None:
        target = member.target
        try:
            size = len(target.encode())
        except UnicodeEncodeError:
            size = 0
        if not 0 < size <= MAX_LINK or "\0" in target:
            raise refused(member.name, "is a link to nowhere")
        self._links += 1
        if self._links > self._limits.links:
            raise refusal(f"it has more than {self._limits.links} links")
        # By its words alone: following each through all the others takes hours.
        path = "/".join(parts)
        if stays_inside(path, target):
            os.symlink(target, parts[-1], dir_fd=parent)
        elif self._is_checkout:
            self.left_out.append(LeftOut(path, f"a link that leads out of the repository{OR_MAY}"))
        else:
            raise refused(path, f"is a link that leads out of the archive{OR_MAY}")

    def _copy(self, member: Member, parts: Parts, parent: int) -> None:
        """A hard link, as a file of its own: what is one file twice stays two files here."""
        earlier = parts_of(member.target, self._limits)
        known = self._known.get("/".join(earlier).casefold(), ("", "link"))
        if not earlier or known[1] not in {"file", "copy"} or earlier == parts:
            raise refused(member.name, "is a hard link to what is no earlier file")
        with self._parent(earlier) as place:
            source = os.open(earlier[-1], FILE, dir_fd=place)
        with os.fdopen(source, "rb") as file:
            executable = bool(os.fstat(source).st_mode & 0o100)
            chunks = iter(lambda: file.read(COPY_CHUNK), b"")
            self._write(parts[-1], parent, chunks, executable=executable)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise InvalidError(
            f"the archive cannot be unpacked: {exc.strerror}",
            code="source.copy_failed",
            fix="Free some space in the platform's data directory and try again.",
        ) from exc
