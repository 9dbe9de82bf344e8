"""What is opened, and how much of it is read: nothing outside the folder, nothing without end."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from detection import analyze, index
from tests.detection import golden
from tests.detection.conftest import Folder

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
Event = tuple[str, str]
_watchers: list[Callable[[str, tuple[object, ...]], None]] = []


def _tell(event: str, arguments: tuple[object, ...]) -> None:
    for watcher in _watchers:
        watcher(event, arguments)


# A hook stays for the life of the process; without watchers it does nothing.
sys.addaudithook(_tell)


@contextmanager
def opened() -> Iterator[list[Event]]:
    """Every name that is opened, listed or run meanwhile."""
    seen: list[Event] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"open", "os.scandir", "os.listdir", "subprocess.Popen", "socket.connect"}:
            seen.append((event, str(arguments[0])))

    _watchers.append(watch)
    try:
        yield seen
    finally:
        _watchers.remove(watch)


def test_nothing_outside_the_folder_is_opened(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/app.py").write_text(FLASK)
    (tmp_path / "outside.txt").write_text("django\n")
    root = folder(
        {
            "app.py": FLASK,
            "requirements.txt": "-r ../outside.txt\nflask\n",
            "compose.yaml": "services: {a: {build: ../outside, env_file: ../outside.txt}}\n"
            "include: [../outside.txt]\n",
            "pom.xml": "<project><modules><module>../outside</module></modules></project>",
            "Cargo.toml": '[workspace]\nmembers = ["../outside"]\n',
            "settings.gradle": 'include "../outside"',
            "netlify.toml": '[build]\nbase = "../outside"\n',
            "render.yaml": "services: [{name: a, rootDir: ../outside}, {name: b}]\n",
            "package.json": '{"main": "../outside/app.py", "workspaces": ["../outside"]}',
            "skaffold.yaml": "build: {artifacts: [{image: a, context: ../outside}]}\n",
            "Tiltfile": "docker_build('a', '../outside', dockerfile='../outside/Dockerfile')\n",
            "nx.json": "{}",
            "apps/a/project.json": '{"targets": {"build": {"executor": "@nx/js:tsc",'
            ' "options": {"main": "../../../outside/app.py", "outputPath": "../../outside"}}}}',
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["../outside"]\n',
            "requirements.in": "",
            "kyozo.toml": "",
        }
    )
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "Procfile").symlink_to(tmp_path / "outside.txt")
    analyze(root)  # modules are imported now

    with opened() as seen:
        analyze(root)

    absolute = [name for _, name in seen if name.startswith("/")]
    assert all(Path(name).is_relative_to(root) for name in absolute)
    # Names below are opened one by one, from the folder above them.
    assert [name for _, name in seen if ".." in name or "outside" in Path(name).name] == []
    assert {event for event, _ in seen} == {"open", "os.scandir"}


def test_a_folder_that_becomes_a_link_is_not_entered(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/app.py").write_text(FLASK)
    root = folder({"api/app.py": "x"})
    seen = index.build_index(root)
    (root / "api/app.py").unlink()
    (root / "api").rmdir()
    (root / "api").symlink_to(tmp_path / "outside")

    assert seen.source("api/app.py") == ""


@pytest.mark.parametrize(
    ("name", "read", "cap"),
    [
        ("app.py", "source", 64 * 1024),
        ("package.json", "text", 4 * 1024 * 1024),
        ("package-lock.json", "text", 64 * 1024),
        ("poetry.lock", "text", 64 * 1024),
    ],
)
def test_no_more_is_read_than_the_cap(folder: Folder, name: str, read: str, cap: int) -> None:
    root = folder({})
    (root / name).write_text("x" * (cap + 10))
    seen = index.build_index(root)

    assert len(getattr(seen, read)(name)) == cap


def test_a_wrong_lock_of_any_size_is_only_sniffed(folder: Folder) -> None:
    root = folder(
        {"package.json": '{"dependencies": {"express": "5"}, "main": "a.js"}', "a.js": ""}
    )
    with (root / "pnpm-lock.yaml").open("wb") as sparse:
        sparse.truncate(1 << 40)

    found = analyze(root)

    assert found.services[0].package_manager == "pnpm"
    assert found.elapsed_ms < 1000


def test_more_files_than_the_limit_are_left_out_and_said(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "MAX_FILES", 20)
    files = {f"part{number}/file{n}.txt": "" for number in range(10) for n in range(5)}

    found = analyze(folder(files))

    assert found.files_seen < 30
    assert "stopped after 20 files: the rest was not looked at" in found.warnings


def test_a_tree_of_ten_thousand_files_is_walked_in_time(folder: Folder) -> None:
    root = folder({"app.py": FLASK, "requirements.txt": "flask\n"})
    for number in range(100):
        (root / f"data/part{number}").mkdir(parents=True)
        for name in range(100):
            os.close(os.open(root / f"data/part{number}/{name}.bin", os.O_CREAT | os.O_WRONLY))

    found = analyze(root)

    assert found.files_seen == 10_002
    assert found.elapsed_ms < 2000  # the goal is 150; a busy machine is slower


SOURCES = (".py", ".js", ".ts", ".tsx", ".mjs", ".go", ".rs", ".rb", ".php", ".java", ".kt", ".cs",
           ".ex", ".exs", ".html", ".md", ".conf")  # fmt: skip


@pytest.mark.parametrize("name", golden.names())
def test_source_is_read_to_64_kib_and_no_manifest_past_4_mib(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[tuple[str, int]] = []
    beneath = index._read_beneath

    def watched(root: Path, path: str, cap: int) -> bytes:
        reads.append((path, cap))
        return beneath(root, path, cap)

    monkeypatch.setattr(index, "_read_beneath", watched)
    golden.analysis_of(name)

    small = (p for p, _ in reads if p.endswith(SOURCES) or Path(p).name in index.LOCK_FILES)
    caps = dict(reads)
    assert {caps[path] for path in small} <= {64 * 1024}
    assert max(caps.values(), default=0) <= 4 * 1024 * 1024


def test_a_tree_of_nothing_but_huge_files_is_answered_in_time(folder: Folder) -> None:
    names = {path.name for path in golden.EXAMPLES.rglob("app/**/*") if path.is_file()}
    root = folder({})
    for name in names - {"kyozo.toml"}:
        with (root / name).open("wb") as sparse:
            sparse.truncate(1 << 40)

    assert analyze(root).elapsed_ms < 10_000


def test_the_order_of_hashes_changes_no_byte() -> None:
    folders = [str(golden.EXAMPLES / name / "app") for name in golden.names()]
    command = [sys.executable, "-m", "detection", "--json", *folders]
    said = [
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=False
        ).stdout
        for seed in ("1", "2")
    ]

    first, second = (re.sub(rb'"elapsed_ms": [0-9.]+', b"", text) for text in said)
    assert first == second
    assert first.count(b"\n") == len(folders)
