"""A folder becomes a clean copy: what is taken, what is left out, what is refused."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.errors import CancelledError, InvalidError
from services.sources import scan
from services.sources.ignore import Ignore
from services.sources.limits import Limits
from services.sources.scan import stays_inside
from services.sources.snapshot import content_time_ns, read_content, snapshot
from services.sources.tree import Tree

NOTHING = Ignore()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "app"
    (made / "src").mkdir(parents=True)
    (made / "main.py").write_text("print(1)\n")
    (made / "src/run.sh").write_text("#!/bin/sh\n")
    (made / "src/run.sh").chmod(0o4775)
    return made


def take(folder: Path, *, ignore: Ignore = NOTHING, limits: Limits | None = None) -> Tree:
    into = folder.parent / "copies" / os.urandom(4).hex()
    return snapshot(folder, into, ignore=ignore, limits=limits)


def names(tree: Tree) -> set[str]:
    return {str(path.relative_to(tree.path)) for path in tree.path.rglob("*")}


def test_the_copy_holds_the_files_and_their_bytes(folder: Path) -> None:
    tree = take(folder)

    assert names(tree) == {"main.py", "src", "src/run.sh"}
    assert (tree.path / "main.py").read_text() == "print(1)\n"
    assert (tree.files, tree.bytes, tree.left_out) == (2, 19, ())


def test_modes_are_plain_and_setuid_is_gone(folder: Path) -> None:
    (folder / "main.py").chmod(0o600)

    tree = take(folder)

    assert stat.S_IMODE((tree.path / "src/run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((tree.path / "main.py").stat().st_mode) == 0o644
    assert stat.S_IMODE((tree.path / "src").stat().st_mode) == 0o755


def test_times_come_from_the_content(folder: Path) -> None:
    first = take(folder)
    os.utime(folder / "main.py", (1, 1))
    second = take(folder)
    (folder / "main.py").write_text("print(2)\n")
    third = take(folder)

    def time_ns(tree: Tree) -> int:
        return (tree.path / "main.py").stat().st_mtime_ns

    assert time_ns(first) == time_ns(second) != time_ns(third)
    assert content_time_ns("f" * 64) // 10**9 < 1_300_000_000


def test_the_digest_covers_names_modes_links_and_bytes(folder: Path) -> None:
    def point_link(target: str) -> None:
        (folder / "link").unlink(missing_ok=True)
        (folder / "link").symlink_to(target)

    seen = {take(folder).digest}
    changes: list[Callable[[], object]] = [
        lambda: (folder / "main.py").write_text("print(2)\n"),
        lambda: (folder / "main.py").rename(folder / "app.py"),
        lambda: (folder / "app.py").chmod(0o755),
        lambda: point_link("app.py"),
        lambda: point_link("src"),
        (folder / "empty").mkdir,
    ]
    for change in changes:
        change()
        digest = take(folder).digest
        assert digest not in seen
        seen.add(digest)


def test_the_digest_alone_is_the_digest_of_the_copy(folder: Path) -> None:
    tree = take(folder)

    assert read_content(folder, ignore=NOTHING).digest == tree.digest
    assert read_content(tree.path, ignore=NOTHING).digest == tree.digest


def test_a_link_inside_is_copied_as_a_link(folder: Path) -> None:
    (folder / "src/link").symlink_to("../main.py")

    tree = take(folder)

    assert (tree.path / "src/link").readlink() == Path("../main.py")


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "..", "src/../../x", "src/../main.py"])
def test_a_link_that_could_leave_is_left_out_and_named(folder: Path, target: str) -> None:
    (folder / "way-out").symlink_to(target)

    tree = take(folder)

    assert "way-out" not in names(tree)
    assert [left.path for left in tree.left_out] == ["way-out"]
    assert repr(target) in str(tree.left_out[0])


@pytest.mark.parametrize(
    ("path", "target", "expected"),
    [
        ("a/b/l", "../../x", True),
        ("a/b/l", "../../../x", False),
        ("l", "./x//y", True),
        ("l", "x/..", False),
        ("l", "", True),
        ("a/l", "..", True),
    ],
)
def test_links_climb_only_real_folders(path: str, target: str, expected: bool) -> None:
    assert stays_inside(path, target) is expected


def test_a_link_to_a_folder_is_never_walked_into(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_text("k")
    (folder / "data").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to(".")

    assert names(take(folder)) == {"main.py", "src", "src/run.sh", "loop"}


def test_sockets_pipes_and_devices_are_left_out(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "sock"))
        tree = take(folder)

    assert {left.path for left in tree.left_out} == {"pipe", "sock"}


def test_hard_links_are_just_files(folder: Path) -> None:
    (folder / "twin.py").hardlink_to(folder / "main.py")

    assert (take(folder).path / "twin.py").read_text() == "print(1)\n"


def test_names_that_are_not_utf8_survive(folder: Path) -> None:
    name = b"caf\xe9.txt"
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("x")

    tree = take(folder)

    assert name in {os.fsencode(path.name) for path in tree.path.iterdir()}


def test_what_is_ignored_is_not_copied(folder: Path) -> None:
    (folder / "node_modules/deep").mkdir(parents=True)
    (folder / "node_modules/deep/x.js").touch()
    (folder / "src/a.log").touch()

    tree = take(folder, ignore=Ignore.parse("**/*.log", always=["node_modules"]))

    assert names(tree) == {"main.py", "src", "src/run.sh"}


def test_an_exception_brings_a_file_back_with_its_folders_only(folder: Path) -> None:
    (folder / "src/deep/empty").mkdir(parents=True)
    (folder / "src/deep/keep.txt").touch()

    tree = take(folder, ignore=Ignore.parse("*\n!src/deep/keep.txt"))

    assert names(tree) == {"src", "src/deep", "src/deep/keep.txt"}
    assert tree.digest == read_content(tree.path, ignore=NOTHING).digest


def test_our_own_reserved_folder_is_not_taken_from_people(folder: Path) -> None:
    (folder / ".kyozo").symlink_to("/etc")
    (folder / "src/.kyozo").mkdir()

    assert names(take(folder)) == {"main.py", "src", "src/run.sh", "src/.kyozo"}


@pytest.mark.parametrize(
    "limits", [Limits(files=2), Limits(bytes=10), Limits(depth=0)], ids=["files", "bytes", "depth"]
)
def test_a_folder_over_a_limit_is_refused_with_advice(folder: Path, limits: Limits) -> None:
    with pytest.raises(InvalidError) as caught:
        take(folder, limits=limits)

    assert caught.value.error_code == "source.too_large"
    assert ".dockerignore" in caught.value.fix
    assert not list((folder.parent / "copies").iterdir())


def test_a_sparse_terabyte_is_refused_at_once(folder: Path) -> None:
    with (folder / "huge").open("wb") as file:
        file.truncate(10**12)

    with pytest.raises(InvalidError, match="huge"):
        take(folder)


def test_a_tree_deeper_than_paths_can_be_is_refused(folder: Path) -> None:
    current = os.open(folder, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=current)
        inner = os.open("d", os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = inner
    os.close(current)

    with pytest.raises(InvalidError, match="deeper"):
        take(folder)


@pytest.fixture
def another_user() -> Iterator[Path]:
    """Root reads everything, so act as nobody where we are root."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o777)
        for number in range(12):
            (folder / f"secret{number:02}").touch(mode=0o000)
        if os.geteuid() != 0:
            yield folder
            return
        os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(0)


def test_unreadable_files_are_named_up_to_ten(another_user: Path) -> None:
    with pytest.raises(InvalidError) as caught:
        read_content(another_user, ignore=NOTHING)

    assert caught.value.error_code == "source.unreadable"
    assert len(caught.value.params["paths"]) == 10
    assert "2 more" in caught.value.message


class Meddling(scan.ReadOnly):
    """Does something to the folder right after each read of `main.py`."""

    def __init__(self, act: Callable[[int], object]) -> None:
        self.act, self.reads = act, 0

    def file(self, name: str, source: int, status: os.stat_result, sha: str | None) -> str:
        found = super().file(name, source, status, sha)
        if name == "main.py":
            self.reads += 1
            self.act(self.reads)
        return found


def test_a_file_that_never_rests_is_named_after_three_rounds(folder: Path) -> None:
    sink = Meddling(lambda reads: (folder / "main.py").write_text("x" * reads))

    with pytest.raises(InvalidError, match=r"main\.py") as caught:
        scan.Scan(NOTHING, Limits(), sink).run(folder)

    assert caught.value.error_code == "source.changing"
    assert sink.reads == 3


def test_a_file_changed_once_while_read_is_read_again(folder: Path) -> None:
    changed = folder / "main.py"
    sink = Meddling(lambda reads: changed.write_text("longer than it was\n") if reads == 1 else 0)

    content = scan.Scan(NOTHING, Limits(), sink).run(folder)

    assert content.digest == read_content(folder, ignore=NOTHING).digest


def test_a_file_removed_while_read_is_simply_gone(folder: Path) -> None:
    sink = Meddling(lambda reads: (folder / "main.py").rename(folder.parent / "moved"))

    content = scan.Scan(NOTHING, Limits(), sink).run(folder)

    assert content.files == 1
    assert content.digest == read_content(folder, ignore=NOTHING).digest


def test_the_walk_ends_in_the_middle_of_the_patterns(folder: Path) -> None:
    """One path can be a minute's work: between two paths would be too seldom to ask."""
    ignore = Ignore.parse("\n".join(f"*{number}*x*" for number in range(50)))
    asked = []

    def check() -> None:
        asked.append(1)
        if len(asked) % 10 == 0:
            raise CancelledError("cancelled")

    with pytest.raises(CancelledError):
        read_content(folder, ignore=ignore, check=check)
    with pytest.raises(CancelledError):
        snapshot(folder, folder.parent / "copy", ignore=ignore, check=check)

    assert len(asked) == 20
    assert not (folder.parent / "copy").exists()


def test_the_walk_asks_at_each_entry_without_any_pattern(folder: Path) -> None:
    asked: list[int] = []

    read_content(folder, ignore=NOTHING, check=lambda: asked.append(1))

    assert len(asked) == 3


def test_swapping_a_file_for_a_link_never_reads_outside(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("top secret")
    program = (
        "import os,sys\n"
        "while True:\n"
        " os.symlink(sys.argv[2], sys.argv[1]+'.l'); os.rename(sys.argv[1]+'.l', sys.argv[1])\n"
        " open(sys.argv[1]+'.f','w').close(); os.rename(sys.argv[1]+'.f', sys.argv[1])\n"
    )
    argv = [sys.executable, "-c", program, str(folder / "main.py"), str(tmp_path / "secret")]
    swapper = subprocess.Popen(argv)
    try:
        for _ in range(40):
            try:
                tree = take(folder)
            except InvalidError:
                continue
            copied = [path for path in tree.path.rglob("*") if not path.is_symlink()]
            assert all(b"secret" not in path.read_bytes() for path in copied if path.is_file())
    finally:
        swapper.kill()
        swapper.wait()
