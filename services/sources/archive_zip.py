"""A zip file's members. Names and types come from its directory, as the zip tools read it."""

import io
import stat
import zipfile
from collections.abc import Iterator
from functools import partial

from services.sources.archive_member import UNREADABLE, Kind, Member, damaged, refusal, refused
from services.sources.limits import ArchiveLimits

CHUNK = 256 * 1024
MAX_LINK = 4096
# Python reads the directory of a zip file at once and makes an object of each 47 bytes or more.
MAX_DIRECTORY = 16 * 1024 * 1024
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
ENCRYPTED = 0x1
NAMED_IN_UTF8 = 0x800
UNIX = 3
KINDS: dict[int, Kind] = {0: "file", stat.S_IFREG: "file", stat.S_IFDIR: "directory"}
BROKEN = (*UNREADABLE, zipfile.BadZipFile)


class Bounded(io.BufferedReader):
    """Nobody reads more than a directory's worth at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        whole = size is None or not 0 <= size <= MAX_DIRECTORY
        data = super().read(MAX_DIRECTORY + 1 if whole else size)
        if len(data) > MAX_DIRECTORY:
            raise refusal("its list of files is too long")
        return data


def zip_members(file: Bounded, *, limits: ArchiveLimits) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(file) as archive:
            listed = archive.infolist()
            if len(listed) > limits.entries:
                raise refusal(f"it has more than {limits.entries} entries")
            for info in listed:
                yield _member(archive, info)
    except BROKEN as exc:
        raise damaged(exc) from exc


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    name = _name(info)
    if info.flag_bits & ENCRYPTED:
        raise refused(name, "is encrypted")
    if info.compress_type not in METHODS:
        raise refused(name, "is packed by a method other than deflate")
    mode = info.external_attr >> 16 if info.create_system == UNIX else 0
    if stat.S_ISLNK(mode):
        return Member(name, "link", target=_target(archive, info, name))
    kind = "directory" if name.endswith("/") else KINDS.get(stat.S_IFMT(mode))
    if kind is None:
        raise refused(name, "is neither a file, a folder nor a link")
    return Member(name, kind, bool(mode & 0o100), content=partial(_content, archive, info))


def _name(info: zipfile.ZipInfo) -> str:
    """Python reads bytes as code page 437 unless a flag says UTF-8; most tools mean it anyway."""
    if info.flag_bits & NAMED_IN_UTF8:
        return info.orig_filename
    return info.orig_filename.encode("cp437").decode("utf-8", "surrogateescape")


def _target(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> str:
    if info.file_size > MAX_LINK:
        raise refused(name, "is a link with a target that is too long")
    return b"".join(_content(archive, info)).decode("utf-8", "surrogateescape")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(info) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except BROKEN as exc:
        raise damaged(exc) from exc
