"""Which folders may be taken, with the hostile paths of the field notes."""

import os
from pathlib import Path

import pytest

from services.errors import InvalidError
from services.sources.reading import open_folder, read_text
from services.sources.roots import SYSTEM_FOLDERS, SYSTEM_TREES, is_system, resolve_folder
from services.sources.secret_names import PRIVATE_FOLDERS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/app").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    return tmp_path / "root"


def test_a_folder_below_a_root_is_resolved(root: Path) -> None:
    (root / "link").symlink_to("app")

    assert resolve_folder(f"{root}/link/../app", roots=[root]) == root / "app"
    assert resolve_folder(str(root / "link"), roots=[root]) == root / "app"


def test_a_long_row_of_links_is_not_followed(root: Path) -> None:
    (root / "l0").symlink_to("app")
    for number in range(1, 1500):
        (root / f"l{number}").symlink_to(f"l{number - 1}")

    assert resolve_folder(f"{root}/l30", roots=[root]) == root / "app"
    with pytest.raises(InvalidError):
        resolve_folder(f"{root}/l1499", roots=[root])


@pytest.mark.parametrize(
    "path",
    [
        "",
        "app",
        "~",
        "a\0b",
        "/proc/self",
        "/dev",
        "/sys",
        "/",
        "/../..",
        "/" + "a" * 5000,
        "/proc/self/root",
        "/nowhere/at/all",
        "//proc",
    ],
)
def test_paths_nobody_may_name_are_refused(path: str) -> None:
    with pytest.raises(InvalidError):
        resolve_folder(path, roots=[Path("/")])


@pytest.mark.parametrize(
    "folder", [*SYSTEM_TREES, *SYSTEM_FOLDERS, "/etc/ssl", "/run/x", "/usr/bin/x"]
)
def test_the_machines_own_folders_are_told_by_name(folder: str) -> None:
    assert is_system(Path(folder))


@pytest.mark.parametrize(
    "folder",
    ["/srv/app", "/opt/app", "/home/x", "/home/x/app", "/var/www", "/tmp/a", "/usr/src/app"],
)
def test_folders_of_projects_are_not_the_systems(folder: str) -> None:
    assert not is_system(Path(folder))


@pytest.mark.parametrize("folder", ["/etc", "/usr", "/var", "/var/lib", "/home", "/etc/ssl"])
def test_a_folder_of_the_system_is_refused_although_all_is_allowed(folder: str) -> None:
    with pytest.raises(InvalidError, match="belongs to the system"):
        resolve_folder(folder, roots=[Path("/")])


@pytest.mark.parametrize("name", [*PRIVATE_FOLDERS, ".config/gh", ".aws/sso/cache"])
def test_folders_of_keys_and_logins_are_no_projects(root: Path, name: str) -> None:
    (root / "home" / name).mkdir(parents=True)
    (root / "innocent").symlink_to(f"home/{name}")

    for path in (f"{root}/home/{name}", f"{root}/innocent"):
        with pytest.raises(InvalidError, match="keys or logins"):
            resolve_folder(path, roots=[root, root.parent])


def test_a_project_may_hold_such_a_folder_or_lie_in_one_that_was_named(root: Path) -> None:
    (root / "app/.docker").mkdir()
    (root / ".config/apps/web").mkdir(parents=True)

    assert resolve_folder(f"{root}/app", roots=[root]) == root / "app"
    named = resolve_folder(f"{root}/.config/apps/web", roots=[root, root / ".config/apps"])
    assert named == root / ".config/apps/web"


def test_ways_out_of_the_root_are_refused(root: Path) -> None:
    (root / "out").symlink_to("../outside")
    (root / "loop").symlink_to("loop")

    for path in ("out", "../outside", "app/../../outside", "loop"):
        with pytest.raises(InvalidError):
            resolve_folder(f"{root}/{path}", roots=[root])


def test_a_sibling_with_the_same_beginning_is_outside(root: Path) -> None:
    (root.parent / "rooted").mkdir()

    with pytest.raises(InvalidError):
        resolve_folder(str(root.parent / "rooted"), roots=[root])


def test_a_file_is_not_a_folder(root: Path) -> None:
    (root / "file").touch()

    with pytest.raises(InvalidError, match="not a folder"):
        resolve_folder(str(root / "file"), roots=[root])


def test_the_state_folder_is_refused_from_inside_and_from_above(root: Path) -> None:
    state = root / "app/state"
    (state / "deep").mkdir(parents=True)

    for folder in (root / "app", state, state / "deep"):
        with pytest.raises(InvalidError, match="own data"):
            resolve_folder(str(folder), roots=[root], state_dir=state)


def test_a_link_swapped_in_after_the_check_is_refused(root: Path) -> None:
    folder = resolve_folder(str(root / "app"), roots=[root])
    folder.rmdir()
    folder.symlink_to("/etc")

    with pytest.raises(InvalidError), open_folder(folder):
        pass


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "", "a/../../x", "link/hostname", "pipe"])
def test_only_plain_files_inside_are_read(root: Path, path: str) -> None:
    (root / "link").symlink_to("/etc")
    os.mkfifo(root / "pipe")

    with pytest.raises(InvalidError):
        read_text(root, path)


def test_a_missing_file_reads_as_none(root: Path) -> None:
    assert read_text(root, "app/none.txt") is None
    assert read_text(root, "no/such/none.txt") is None
