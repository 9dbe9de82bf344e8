"""An archive becomes a folder of plain files, or it is refused and leaves nothing."""

import gzip
import os
import stat
import struct
import tarfile
import warnings
from pathlib import Path

import pytest

from services.errors import InvalidError
from services.sources.archive import unpack
from services.sources.limits import ArchiveLimits
from tests.sources.archives import APP, entry, tar, tar_gz, tar_gz_of, zip_of

LINK, HARD, DIR = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
TINY = ArchiveLimits(entries=3, bytes=2000, free_bytes=1000, ratio=10, path=40, depth=3, links=2)
FILE = (entry("app.py"), b"print(1)\n")


def unpacked(tmp_path: Path, content: bytes, limits: ArchiveLimits | None = None) -> Path:
    (tmp_path / "sent").write_bytes(content)
    unpack(tmp_path / "sent", tmp_path / "tree", limits=limits)
    return tmp_path / "tree"


def refusal(tmp_path: Path, content: bytes, limits: ArchiveLimits | None = None) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        unpacked(tmp_path, content, limits)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "sent"]
    return caught.value


@pytest.mark.parametrize("make", [tar_gz_of, zip_of])
def test_the_files_are_there_afterwards(tmp_path: Path, make: object) -> None:
    assert callable(make)
    tree = unpacked(tmp_path, make(APP))

    found = {str(f.relative_to(tree)): f.read_bytes() for f in tree.rglob("*") if f.is_file()}
    assert found == APP


def test_modes_are_plain_whatever_the_archive_says(tmp_path: Path) -> None:
    tree = unpacked(tmp_path, tar_gz((entry("run", mode=0o6755), b"x"), (entry("d", mode=0), b"y")))

    assert stat.S_IMODE((tree / "run").stat().st_mode) == 0o755
    assert stat.S_IMODE((tree / "d").stat().st_mode) == 0o644


def test_what_a_program_packs_with_a_dot_in_front_is_the_same(tmp_path: Path) -> None:
    tree = unpacked(tmp_path, tar_gz((entry("./", DIR), b""), (entry("./a/b.txt"), b"x")))

    assert (tree / "a" / "b.txt").read_text() == "x"


def test_links_that_stay_inside_are_kept(tmp_path: Path) -> None:
    links = (entry("lib/now", LINK, linkname="../app.py"), b"")
    tree = unpacked(tmp_path, tar_gz(FILE, links, (entry("twin.py", HARD, linkname="app.py"), b"")))

    assert (tree / "lib/now").readlink() == Path("../app.py")
    assert (tree / "twin.py").stat().st_nlink == 1
    assert (tree / "twin.py").read_bytes() == FILE[1]


HOSTILE = {
    "absolute": entry("/etc/cron.d/x"),
    "parent": entry("../x"),
    "parent inside": entry("a/../../x"),
    "backslash": entry("..\\x"),
    "control": entry("a\x1b[2Jb"),
    "not utf-8": entry("caf\udce9"),
    "link out": entry("out", LINK, linkname="../.."),
    "link to the machine": entry("out", LINK, linkname="/etc/passwd"),
    "empty link": entry("out", LINK, linkname=""),
    "hard link out": entry("out", HARD, linkname="../../etc/passwd"),
    "hard link to nothing": entry("out", HARD, linkname="missing"),
    "hard link to itself": entry("out", HARD, linkname="out"),
    "device": entry("null", tarfile.CHRTYPE, devmajor=1, devminor=3),
    "disk": entry("sda", tarfile.BLKTYPE, devmajor=8),
    "fifo": entry("pipe", tarfile.FIFOTYPE),
    "twice": entry("app.py"),
    "other case": entry("APP.py"),
    "file as folder": entry("app.py/x"),
    "folder as file": entry("app.py", DIR),
    "no name": entry("./"),
    "deep": entry("/".join(["d"] * 65)),
    "long part": entry("x" * 256),
    "long path": entry("/".join(["y" * 200] * 6)),
}


@pytest.mark.parametrize("info", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_tar_is_refused(tmp_path: Path, info: tarfile.TarInfo) -> None:
    assert refusal(tmp_path, tar_gz(FILE, (info, b""))).error_code == "archive.refused"


def test_a_file_never_goes_through_a_link(tmp_path: Path) -> None:
    content = tar_gz((entry("in", LINK, linkname="."), b""), (entry("in/owned"), b"x"))

    assert "twice" in refusal(tmp_path, content).message


def test_a_link_behind_a_link_is_resolved_as_the_kernel_would(tmp_path: Path) -> None:
    near = entry("x/y/near", LINK, linkname="../..")
    far = entry("far", LINK, linkname="x/y/near/..")

    assert "leads out" in refusal(tmp_path, tar_gz(FILE, (near, b""), (far, b""))).message


def test_links_in_a_circle_and_in_a_long_row_do_no_harm(tmp_path: Path) -> None:
    circle = [(entry(n, LINK, linkname=t), b"") for n, t in (("a", "b"), ("b", "a"))]
    row = [(entry(f"l{n}", LINK, linkname=f"l{n + 1}"), b"") for n in range(3000)]

    assert unpacked(tmp_path, tar_gz(FILE, *circle)).is_dir()
    (tmp_path / "tree").rename(tmp_path / "old")
    assert unpacked(tmp_path, tar_gz(FILE, *row)).is_dir()


def test_links_are_not_followed_through_each_other(tmp_path: Path) -> None:
    """Followed one by one, each through up to 250 others and 1,600 parts of each, they take a
    quarter of an hour."""
    detour = "d/../" * 800
    links = [
        entry(f"l{n}", LINK, linkname=detour + (f"l{n - 1}" if n % 250 else "app.py"))
        for n in range(1000)
    ]
    content = tar(FILE, (entry("d", DIR), b""), *((link, b"") for link in links))

    assert "behind a name" in refusal(tmp_path, gzip.compress(content)).message
    (tmp_path / "sent").write_bytes(content)
    found = unpack(tmp_path / "sent", tmp_path / "tree", is_checkout=True)

    assert len(found.left_out) == 1000
    assert sorted(path.name for path in (tmp_path / "tree").iterdir()) == ["app.py", "d"]


SPARSE = entry("disk.img", tarfile.GNUTYPE_SPARSE)
PAX_SPARSE = entry(
    "disk.img", pax_headers={"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size":
    str(2**40), "GNU.sparse.map": "0,1"}
)  # fmt: skip


@pytest.mark.parametrize("info", [SPARSE, PAX_SPARSE], ids=["gnu", "pax"])
def test_a_sparse_file_is_refused_before_it_grows(tmp_path: Path, info: tarfile.TarInfo) -> None:
    assert refusal(tmp_path, tar_gz(FILE, (info, b"x"))).error_code.startswith("archive.")


def test_a_size_that_is_not_there_is_damage(tmp_path: Path) -> None:
    content = gzip.compress(tar(FILE)[:1024] + entry("big", size=2**40).tobuf() + b"x" * 512)

    assert refusal(tmp_path, content).error_code == "archive.damaged"


def test_a_negative_size_ends_at_once(tmp_path: Path) -> None:
    head = bytearray(entry("back").tobuf(tarfile.GNU_FORMAT))
    head[124:136] = b"\xff" * 8 + struct.pack(">i", -1024)
    head[148:156] = b"%06o\0 " % (sum(head[:148]) + sum(head[156:]) + 8 * 32)

    # Python 3.11.2 finds no archive in it, later ones an entry that cannot be.
    code = refusal(tmp_path, gzip.compress(bytes(head) * 3)).error_code
    assert code in {"archive.refused", "archive.damaged"}


def test_headers_of_any_length_are_not_read_into_memory(tmp_path: Path) -> None:
    long_name = entry("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    pax = entry("pax", tarfile.XHDTYPE)

    for info in (long_name, pax):
        content = tar_gz((info, b"0" * 3_000_000))
        assert "header in it is too large" in refusal(tmp_path, content).message
        (tmp_path / "sent").unlink()


def test_headers_in_an_endless_row_end(tmp_path: Path) -> None:
    row = entry("x", tarfile.GNUTYPE_LONGNAME).tobuf(tarfile.GNU_FORMAT)

    assert refusal(tmp_path, gzip.compress(row * 5000)).error_code.startswith("archive.")


@pytest.mark.parametrize("make", [tar_gz_of, zip_of])
def test_a_bomb_stops_at_its_limit(tmp_path: Path, make: object) -> None:
    assert callable(make)
    bomb = make({"zeros": b"\0" * 80 * 1024 * 1024})

    error = refusal(tmp_path, bomb)

    assert (error.error_code, len(bomb) < 200_000) == ("archive.too_large", True)


@pytest.mark.parametrize("make", [tar_gz_of, zip_of])
@pytest.mark.parametrize(
    "files",
    [
        {"a": b"", "b": b"", "c": b"", "d": b""},
        {"a/b/c/d": b""},
        {"x" * 41: b""},
        {"a": b"x" * 2001},
    ],
    ids=["entries", "depth", "path", "bytes"],
)
def test_limits_hold(tmp_path: Path, make: object, files: dict[str, bytes]) -> None:
    assert callable(make)
    assert refusal(tmp_path, make(files), TINY).status == 422


def test_links_are_counted(tmp_path: Path) -> None:
    links = [(entry(name, LINK, linkname="app.py"), b"") for name in "abc"]
    many = ArchiveLimits(links=2)

    assert "2 links" in refusal(tmp_path, tar_gz(FILE, *links), many).message


ZIPS = {
    "absolute": ({"/etc/x": b""}, {}),
    "parent": ({"../x": b""}, {}),
    "backslash": ({"..\\x": b""}, {}),
    "link out": ({"out": b"../.."}, {"out": stat.S_IFLNK | 0o777}),
    "link to the machine": ({"out": b"/etc"}, {"out": stat.S_IFLNK | 0o777}),
    "fifo": ({"pipe": b""}, {"pipe": stat.S_IFIFO | 0o644}),
    "device": ({"null": b""}, {"null": stat.S_IFCHR | 0o644}),
    "other case": ({"APP.py": b""}, {}),
    "spelling": ({"caf\u00e9": b"", "cafe\u0301": b""}, {}),
    "long link": ({"out": b"x" * 5000}, {"out": stat.S_IFLNK | 0o777}),
}


@pytest.mark.parametrize(("files", "modes"), ZIPS.values(), ids=ZIPS)
def test_a_hostile_zip_is_refused(
    tmp_path: Path, files: dict[str, bytes], modes: dict[str, int]
) -> None:
    content = zip_of({"app.py": b"x", **files}, modes=modes)

    assert refusal(tmp_path, content).error_code == "archive.refused"


def test_a_name_twice_in_a_zip_is_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        content = zip_of({"app.py": b"1", "app.pY": b"2"}).replace(b"app.pY", b"app.py")

    assert "twice" in refusal(tmp_path, content).message


def test_a_zip_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    content = zip_of({"caf_": b"x"}).replace(b"caf_", b"caf\xe9")

    assert "not UTF-8" in refusal(tmp_path, content).message


def test_a_zip_that_forgot_to_say_utf8_is_understood(tmp_path: Path) -> None:
    content = zip_of({"cafe_": b"x"}).replace(b"cafe_", "caf\u00e9".encode())

    assert (unpacked(tmp_path, content) / "caf\u00e9").exists()


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    content = bytearray(zip_of({"app.py": b"x"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1

    assert "encrypted" in refusal(tmp_path, bytes(content)).message


def test_an_endless_list_of_files_is_not_read(tmp_path: Path) -> None:
    content = zip_of({"x" * 60_000 + str(n): b"" for n in range(300)})

    assert "list of files is too long" in refusal(tmp_path, content).message


@pytest.mark.parametrize("make", [tar_gz_of, zip_of])
def test_a_damaged_archive_is_refused_wherever_it_is_cut(tmp_path: Path, make: object) -> None:
    assert callable(make)
    whole = make({name: os.urandom(3000) for name in "abc"})

    for size in range(4, len(whole), 211):
        assert refusal(tmp_path, whole[:size]).status == 422
        (tmp_path / "sent").unlink()


@pytest.mark.parametrize("content", [b"", b"PK", b"\x1f\x8b", b"{}", b"\0" * 2000, b"PK\x05\x06"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content).error_code in {"archive.unknown_format", "archive.damaged"}


@pytest.mark.parametrize("make", [tar_gz_of, zip_of])
def test_an_archive_without_files_is_refused(tmp_path: Path, make: object) -> None:
    assert callable(make)
    assert refusal(tmp_path, make({})).status == 422


def test_an_archive_in_an_archive_stays_packed(tmp_path: Path) -> None:
    inner = tar_gz_of({"../x": b"x"})

    assert (unpacked(tmp_path, zip_of({"inner.tar.gz": inner})) / "inner.tar.gz").is_file()


def test_of_a_checkout_links_out_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(
        tar(FILE, (entry("APP.py"), b"x"), (entry("out", LINK, linkname="/etc"), b""))
    )

    found = unpack(tmp_path / "sent", tmp_path / "tree", is_checkout=True)

    assert [one.path for one in found.left_out] == ["out"]
    assert sorted(f.name for f in (tmp_path / "tree").iterdir()) == ["APP.py", "app.py"]
