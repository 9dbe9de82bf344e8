"""The house rules that a machine can check: sizes, names, and what may never be written down."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import ROOMS, ROOT, files, name_of

FILE_LINES = 400
FUNCTION_LINES = 60
BANNED_NAMES = {"utils", "helpers", "common", "misc", "manager", "handler", "services"}
TEXT = ("*.py", "*.md", "*.toml", "*.html", "*.js", "*.css", "*.yaml", "*.Dockerfile", "*.txt")
# In parts, so that this file does not break its own rule.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("npmjs", "org"),
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry-1", "docker", "io"),
        ("hub", "docker", "com"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("maven", "apache", "org"),
        ("repo1", "maven", "org"),
        ("rubygems", "org"),
        ("packagist", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("deb", "debian", "org"),
    )
]
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
# Inside an image root's hidden folders are where package managers keep their caches.
MACHINES = re.compile(r"(?<![\w.])(?:/wor" + r"k/|/roo" + r"t/(?!\.))")
SKIPPED = re.compile(r"pytest\.(?:mark\.)?(?:ski" + r"p|skipif|xfail|importorskip)\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def source_files() -> list[Path]:
    return [path for path in files("*.py") if not _is_exempt(path)]


def _is_exempt(path: Path) -> bool:
    return "migrations" in path.parts or path.is_relative_to(ROOT / "examples")


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def lines_that_match(pattern: re.Pattern[str], paths: Iterator[Path]) -> list[str]:
    found = []
    for path in paths:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [f"{name_of(path)}:{n}" for n, line in enumerate(lines, 1) if pattern.search(line)]
    return found


def test_no_file_is_longer_than_the_budget() -> None:
    code = [*source_files(), *files("*.js", "*.html", "*.css", under="services")]

    sizes = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in code}

    assert {name: size for name, size in sizes.items() if size > FILE_LINES} == {}


def test_no_function_is_longer_than_the_budget() -> None:
    long = [
        f"{name_of(path)}:{function.lineno} {function.name} {length(function)}"
        for path in source_files()
        for function in functions(path)
        if length(function) > FUNCTION_LINES
    ]

    assert long == []


def test_a_typical_function_is_a_sentence() -> None:
    rooms = [path for room in ROOMS for path in files("*.py", under=room) if not _is_exempt(path)]
    sizes = sorted(length(function) for path in rooms for function in functions(path))

    assert sizes[len(sizes) // 2] <= 11
    assert sizes[len(sizes) * 9 // 10] <= 25


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name_of(path) for path in source_files() if path.stem in BANNED_NAMES] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_package_says_what_it_is(room: str) -> None:
    silent = [
        name_of(path)
        for path in files("__init__.py", under=room)
        if not _is_exempt(path) and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]

    assert silent == []


def test_nothing_is_left_unfinished() -> None:
    assert lines_that_match(UNFINISHED, files(*TEXT)) == []


def test_no_path_of_somebodys_machine_is_written_down() -> None:
    assert lines_that_match(MACHINES, files(*TEXT)) == []


def test_no_registry_is_named() -> None:
    """The machine's own configuration says where packages come from."""
    hosts = re.compile("|".join(map(re.escape, REGISTRIES)))

    assert lines_that_match(hosts, files(*TEXT, "*.json", "*.lock", "Dockerfile", "Gemfile")) == []


def test_no_test_is_skipped() -> None:
    assert lines_that_match(SKIPPED, files("*.py", under="tests")) == []


def test_nothing_is_mocked() -> None:
    """The fake runtime and third parties on 127.0.0.1 stand in; see CONTRIBUTING."""
    mocks = re.compile(r"^\s*(?:from|import) (?:unittest\.)?mock\b|^from unittest import")

    assert lines_that_match(mocks, files("*.py", under="tests")) == []
