"""Whatever lies in a folder: an answer, the same one twice, and not a byte written."""

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detection import Analysis, NotRenderableError, analyze, render_dockerfile, to_json

NAMES = st.sampled_from(
    [
        "package.json", "requirements.txt", "pyproject.toml", "Pipfile", "compose.yaml", "Procfile",
        "Dockerfile", "go.mod", "Cargo.toml", "pom.xml", "build.gradle", "Gemfile", "composer.json",
        "main.py", "app.py", "manage.py", "index.html", "server.js", "main.go", "config.ru",
        "project.json", "nx.json", "skaffold.yaml", "Tiltfile", "render.yaml", "fly.toml",
        ".nvmrc", ".python-version", ".tool-versions", "mise.toml", ".env.example", "hugo.toml",
        "pnpm-workspace.yaml", "angular.json", "index.php", "Staticfile", "system.properties",
    ]
)  # fmt: skip
FOLDERS = st.sampled_from(["", "api/", "web/", "apps/one/", "services/two/", "src/"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["scripts", "dependencies", "start", "build", "services", "ports", "web",
                         "image", "workspaces", "engines", "node", "main", "packageManager"])
        | st.text(max_size=5),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
LINES = st.lists(
    st.sampled_from(
        [
            "flask",
            "-r requirements.txt",
            "[project]",
            "dependencies = 3",
            "app = Flask(__name__)",
            "from flask import Flask",
            "FROM python",
            "EXPOSE $PORT",
            "web: run",
            "services:",
            "  web: {build: ., ports: [80]}",
            "x: &x [*x]",
            "gem 'rails'",
            "module m",
            "go 1.22",
            "package main",
            "func main() {}",
            "<project>",
            "<modules><module>..</module></modules>",
            "port = 0x",
            "lts/*",
            "\x00",
            "\u202e",
            "CMD [",
            "include: [compose.yaml]",
        ]
    )
    | st.text(max_size=20),
    max_size=8,
).map("\n".join)
FILES = st.dictionaries(
    st.tuples(FOLDERS, NAMES).map("".join), LINES | JSON.map(json.dumps), max_size=7
)
TREES = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def lay_out(files: dict[str, str], root: Path) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", errors="replace")


def answer(found: Analysis) -> str:
    whole = to_json(found)
    assert isinstance(whole, dict)
    return json.dumps({key: value for key, value in whole.items() if key != "elapsed_ms"})


def listing(root: Path) -> list[tuple[str, int, int]]:
    return sorted((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in root.rglob("*"))


@TREES
@given(FILES)
def test_any_tree_gives_the_same_answer_twice_and_stays_as_it_was(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "shop"
        root.mkdir()
        lay_out(files, root)
        before = listing(root)

        first, second = answer(analyze(root)), answer(analyze(root))

        assert first == second
        assert listing(root) == before


@TREES
@given(FILES)
def test_whatever_can_be_rendered_is_one_instruction_a_line(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "shop"
        root.mkdir()
        lay_out(files, root)

        for service in analyze(root).services:
            try:
                text = render_dockerfile(service).dockerfile
            except NotRenderableError:
                continue
            assert "None" not in text
            assert text.splitlines()[-1].startswith('CMD ["')


ODD_NAMES = st.sampled_from(
    [b"\xff\xfe.py", b"a\nb.py", b"a\x1b[2J", "caf\u00e9.js".encode(), b" ", b"a" * 200]
) | NAMES.map(str.encode)  # fmt: skip
ODD_KINDS = st.sampled_from(
    ["file", "huge", "empty", "folder", "pipe", "link out", "link up", "link to itself", "dangling"]
)
ODD_TREES = st.dictionaries(
    st.tuples(FOLDERS.map(str.encode), ODD_NAMES).map(b"".join), ODD_KINDS, max_size=8
)


def lay_out_odd(entries: dict[bytes, str], root: Path, secret: Path) -> None:
    links = {"link out": secret, "link up": root, "dangling": root / "nothing"}
    for name, kind in entries.items():
        path = Path(os.fsdecode(os.fsencode(root) + b"/" + name))
        with suppress(FileExistsError, NotADirectoryError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "folder":
                path.mkdir()
            elif kind == "pipe":
                os.mkfifo(path)
            elif "link" in kind or kind in links:
                path.symlink_to(links.get(kind, path))
            else:
                size = {"huge": 1 << 40, "empty": 0}.get(kind, 100)
                os.truncate(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY), size)


@TREES
@given(FILES, ODD_TREES)
def test_whatever_lies_between_the_files_nothing_outside_is_told(
    files: dict[str, str], odd: dict[bytes, str]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        secret = Path(name) / "secret"
        secret.write_text("FROM stolen\nscripts: stolen\nstolen==1\n")
        root = Path(name) / "shop"
        root.mkdir()
        lay_out(files, root)
        lay_out_odd(odd, root, secret)

        first, second = answer(analyze(root)), answer(analyze(root))

        assert first == second
        assert "stolen" not in first
