"""An archive somebody sent -> a folder, or a refusal that names the entry and the reason."""

import gzip
import io
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from services.sources.archive_member import Member, refusal
from services.sources.archive_tar import tar_members
from services.sources.archive_tree import ArchiveTree
from services.sources.archive_zip import Bounded, zip_members
from services.sources.limits import ArchiveLimits, LeftOut

GZIP = b"\x1f\x8b"
ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
TAR_MAGIC = slice(257, 262)


@dataclass(frozen=True, slots=True)
class Unpacked:
    files: int
    bytes: int
    left_out: tuple[LeftOut, ...]


def unpack(
    archive: Path, into: Path, *, limits: ArchiveLimits | None = None, is_checkout: bool = False
) -> Unpacked:
    """tar.gz or zip, by its first bytes, into a new folder; nothing is left of a refused one.

    `is_checkout`: a plain tar that git made from a repository, see `ArchiveTree`.
    """
    limits = limits or ArchiveLimits()
    most = limits.bytes_for(archive.stat().st_size)
    with Bounded(io.FileIO(archive)) as file:
        members = _members(file, limits, most, is_checkout=is_checkout)
        tree = ArchiveTree(into, limits, most_bytes=most, is_checkout=is_checkout)
        try:
            with closing(tree):
                for member in members:
                    tree.add(member)
                tree.finish()
        except BaseException:
            shutil.rmtree(into, ignore_errors=True)
            raise
    return Unpacked(tree.files, tree.bytes, tuple(tree.left_out))


def _members(
    file: Bounded, limits: ArchiveLimits, most: int, *, is_checkout: bool
) -> Iterator[Member]:
    head = file.read(512)
    file.seek(0)
    if head.startswith(GZIP):
        whole = cast("IO[bytes]", gzip.GzipFile(fileobj=file))
        return tar_members(whole, limits=limits, most=most)
    if head.startswith(ZIPS):
        return zip_members(file, limits=limits)
    if is_checkout and head[TAR_MAGIC] == b"ustar":  # has no checksum: cut off, it may look whole
        return tar_members(file, limits=limits, most=most)
    raise refusal(
        "it is neither tar.gz nor zip",
        code="archive.unknown_format",
        fix="Send `tar czf app.tar.gz -C FOLDER .`, or a zip file.",
    )
