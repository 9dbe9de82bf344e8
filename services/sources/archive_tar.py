"""A tar file's members, from a stream that is read once, forwards, and never in large pieces."""

import io
import tarfile
from collections.abc import Iterator
from functools import partial
from typing import IO, cast

from services.sources.archive_member import UNREADABLE, Member, damaged, refusal, refused
from services.sources.limits import ArchiveLimits

CHUNK = 256 * 1024
# What all headers of one member may take: Python's tarfile reads names and tables of any length.
HEADER_BYTES = 1024 * 1024
OVERHEAD = 2048  # a member's own header, its padding and usual extensions
BROKEN = (*UNREADABLE, tarfile.TarError)


class Forward(io.RawIOBase):
    """Reads within an allowance, skips ahead, never goes back; counts all of it."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        super().__init__()
        self._file = file
        self._at = 0
        self._most = most
        self.allowance = HEADER_BYTES

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= self.allowance:
            raise refusal("a header in it is too large")
        self.allowance -= size
        return self._take(size)

    def seek(self, to: int, whence: int = 0, /) -> int:
        if whence != 0 or to < self._at:
            raise refusal("its entries do not follow each other")
        while self._at < to and self._take(min(CHUNK, to - self._at)):
            pass
        return self._at

    def tell(self) -> int:
        return self._at

    def content(self, size: int) -> Iterator[bytes]:
        while size > 0:
            chunk = self._take(min(CHUNK, size))
            if not chunk:
                raise damaged(EOFError("it ends too early"))
            size -= len(chunk)
            yield chunk

    def drain(self) -> None:
        """To the end, where the checksum of the whole stream is compared."""
        while self._take(CHUNK):
            pass

    def _take(self, size: int) -> bytes:
        try:
            data = self._file.read(size)
        except BROKEN as exc:
            raise damaged(exc) from exc
        self._at += len(data)
        if self._at > self._most:
            raise refusal("it unpacks to more than is allowed", code="archive.too_large")
        return data


def tar_members(file: IO[bytes], *, limits: ArchiveLimits, most: int) -> Iterator[Member]:
    stream = Forward(file, most + limits.entries * OVERHEAD)
    try:
        archive = tarfile.open(  # noqa: SIM115 - the file is not ours to close
            fileobj=cast("IO[bytes]", stream), mode="r:", encoding="utf-8"
        )
        while (info := archive.next()) is not None:
            yield _member(info, stream)
            archive.members.clear()  # type: ignore[attr-defined]  # tarfile would keep them all
            stream.allowance = HEADER_BYTES
        stream.drain()
    except BROKEN as exc:
        raise damaged(exc) from exc


def _member(info: tarfile.TarInfo, stream: Forward) -> Member:
    if info.size < 0:
        raise refused(info.name, "has a negative size")
    if info.issparse():
        raise refused(info.name, "is a sparse file")
    if info.isdir():
        return Member(info.name, "directory")
    if info.issym():
        return Member(info.name, "link", target=info.linkname)
    if info.islnk():
        return Member(info.name, "copy", target=info.linkname)
    if not info.isreg():
        raise refused(info.name, "is neither a file, a folder nor a link")
    executable = bool(info.mode & 0o100)
    return Member(info.name, "file", executable, content=partial(stream.content, info.size))
