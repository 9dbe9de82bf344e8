"""Docker's own documented examples, and the ways its patterns differ from gitignore's."""

import re
import time
from pathlib import Path

import pytest

from services.errors import InvalidError
from services.lifecycle.images import NEVER_IN_IMAGES
from services.sources.glob import compile_pattern
from services.sources.ignore import (
    MAX_BYTES,
    MAX_PATTERN,
    MAX_WALKED,
    Ignore,
    Parents,
    load_ignore,
    read_patterns,
)
from services.sources.secret_names import KEY_FOLDERS


def ignored(text: str, path: str) -> bool:
    """Asks from the top down, as the walk does."""
    ignore = Ignore.parse(text)
    parents: Parents = ()
    parts = path.split("/")
    out = False
    for depth, name in enumerate(parts, start=1):
        out, parents = ignore.match("/".join(parts[:depth]), name, parents)
    return out


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("*/temp*", "somedir/temporary.txt", True),
        ("*/temp*", "somedir/temp", True),
        ("*/temp*", "temporary.txt", False),
        ("*/*/temp*", "somedir/subdir/temporary.txt", True),
        ("*/*/temp*", "somedir/temporary.txt", False),
        ("temp?", "tempa", True),
        ("temp?", "temp", False),
        ("temp?", "sub/tempa", False),
        ("**/*.go", "main.go", True),
        ("**/*.go", "a/b/c/main.go", True),
        ("**/*.go", "main.goo", False),
        ("*.md\n!README.md", "README.md", False),
        ("*.md\n!README.md", "CHANGES.md", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", False),
    ],
)
def test_the_examples_of_the_docker_documentation(text: str, path: str, expected: bool) -> None:
    assert ignored(text, path) is expected


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("node_modules", "node_modules/a/b.js", True),  # a folder takes everything below along
        ("node_modules", "app/node_modules", False),  # but only from the top, unlike gitignore
        ("/foo/bar", "foo/bar", True),
        ("foo/", "foo/x", True),
        ("./foo", "foo", True),
        ("foo/../bar", "bar", True),
        ("  foo  ", "foo", True),
        ("# foo", "# foo", False),
        (" # foo", "# foo", True),  # a comment starts in the first column only
        ("foo/**", "foo", False),
        ("foo/**", "foo/a/b", True),
        ("**/foo", "a/foo", True),
        ("**/foo", "afoo", False),
        ("**foo", "afoo", True),
        ("**", "anything/at/all", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b/**/c/**/d", "a/1/b/c/2/3/d", True),
        ("a/**/b/**/c/**/d", "a/1/b/2/d", False),
        ("*a*b*c*", "xaxbxcx", True),
        ("*a*b*c*", "xaxb/xcx", False),
        ("**/x*y*z.?", "deep/er/x1y2z.c", True),
        ("[a-c]x", "bx", True),
        (r"*[a-c]*?\**", "zbz*", True),
        (r"*[a-c]*?\**", "zb/*", False),
        (r"*[^a-c]*\?*.*", "z?.x", True),
        ("[^a-c]x", "dx", True),
        ("[[&]x", "&x", True),
        (r"\*x", "*x", True),
        (r"\*x", "ax", False),
        ("a.b", "axb", False),
        ("(x)+$", "(x)+$", True),
        ("\ufefffoo", "foo", True),
        ("foo\r\nbar\r\n", "bar", True),
        ("*\n!src/keep.py", "src/keep.py", False),
        ("*\n!src/keep.py", "src/other.py", True),
        ("*\n!src", "src/deep/er.py", False),
        ("src\n!src/keep\nsrc/keep/not", "src/keep/not", True),
        ("naïve", "naïve", True),
    ],
)
def test_patterns_mean_what_they_mean_to_docker(text: str, path: str, expected: bool) -> None:
    assert ignored(text, path) is expected


@pytest.mark.parametrize("pattern", ["[", "a[b", "[]", "trailing\\", "[z-a]"])
def test_a_broken_pattern_is_named(pattern: str) -> None:
    with pytest.raises(InvalidError) as caught:
        Ignore.parse(pattern)

    assert repr(pattern) in caught.value.message


def test_a_lone_exclamation_mark_is_refused_as_docker_does() -> None:
    with pytest.raises(InvalidError):
        read_patterns("!\n")


@pytest.mark.parametrize("pattern", ["*a" * 60, "**/a/" * 40 + "b", "**a" * 50])
def test_hostile_patterns_take_no_exponential_time(pattern: str) -> None:
    matches = compile_pattern(pattern)
    began = time.thread_time()

    assert not matches("a" * 250 + "!")
    assert not matches("a/" * 250 + "!")
    assert time.thread_time() - began < 20


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"*{number}*x*\n" for number in range(MAX_WALKED + 1)),
        "*" * (MAX_PATTERN + 1),
        "x\n" * 3000,
    ],
    ids=["slow ones", "length", "number"],
)
def test_what_would_take_hours_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        Ignore.parse(text)

    assert caught.value.error_code == "source.ignore_invalid"


def test_a_file_as_large_as_allowed_is_compiled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(re, "compile", lambda text, *_: compiled.append(text))
    one = "*a*b*" + "".join(map(chr, range(0x4E00, 0x4E00 + 4000)))

    Ignore.parse("\n".join([one] * (MAX_BYTES // len(one.encode()))))

    assert compiled == []


def test_names_always_left_out_cannot_be_brought_back() -> None:
    ignore = Ignore.parse("!.git", always=[".git"])

    assert ignore.match("sub/.git", ".git", ()) == (True, ())
    assert not ignore.may_keep_below("sub/.git", ".git")


def test_a_folder_without_exceptions_below_is_never_entered() -> None:
    ignore = Ignore.parse("a\nb\n!b/c/d")

    assert not ignore.may_keep_below("a", "a")
    assert ignore.may_keep_below("b", "b")
    assert Ignore.parse("a\n!**/x").may_keep_below("a", "a")


def test_the_ignore_file_of_the_dockerfile_comes_first(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("general")
    (tmp_path / "web.Dockerfile.dockerignore").write_text("special")

    chosen = load_ignore(tmp_path, dockerfile="web.Dockerfile")

    assert chosen.match("special", "special", ())[0]
    assert not chosen.match("general", "general", ())[0]
    assert load_ignore(tmp_path).match("general", "general", ())[0]


def test_the_ignore_file_of_a_dockerfile_outside_the_context_lies_beside_it(tmp_path: Path) -> None:
    context = tmp_path / "web"
    context.mkdir()
    (tmp_path / "docker").mkdir()
    (context / ".dockerignore").write_text("general")

    general = load_ignore(context, dockerfile="docker/web", within=tmp_path)
    (tmp_path / "docker" / "web.dockerignore").write_text("special")
    special = load_ignore(context, dockerfile="docker/web", within=tmp_path)

    assert general.match("general", "general", ())[0]
    assert special.match("special", "special", ())[0]


def test_an_ignore_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").symlink_to("/etc/hostname")

    with pytest.raises(InvalidError, match="link"):
        load_ignore(tmp_path)


@pytest.mark.parametrize("name", KEY_FOLDERS)
def test_folders_of_keys_are_in_no_image(name: str) -> None:
    ignore = Ignore.parse(f"!{name}", always=NEVER_IN_IMAGES)

    assert ignore.match(f"sub/{name}", name, ()) == (True, ())
