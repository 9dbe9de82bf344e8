"""Files that are long and of one piece: no parser takes longer than they are long."""

import time
from pathlib import Path

import pytest

from detection import (
    NotRenderableError,
    OverrideError,
    analyze,
    compose_files,
    parsing,
    render_dockerfile,
)
from tests.detection.conftest import Folder
from tests.detection.test_fuzz import BESIDE, SEEDS

LENGTH = 64 * 1024
# Of the processor. What is quadratic takes a minute for this much, and most need a hundredth.
LIMIT_S = 10
PIECES = (
    " ",
    "\n",
    "a",
    '"',
    "\\",
    "{",
    "[",
    "a.",
    "a=",
    "${A:-",
    "/*",
    '\\"',
    "a: ",
    "<a>",
    "\\\n",
)


def _look(root: Path) -> None:
    """As a deploy does: everything that is made of what was found as well."""
    try:
        found = analyze(root)
    except OverrideError:
        return
    compose_files(found)
    for service in found.services:
        try:
            render_dockerfile(service)
        except NotRenderableError:
            continue


@pytest.mark.parametrize("name", SEEDS)
def test_a_long_file_takes_its_length(folder: Folder, name: str) -> None:
    root = folder({name: "", **BESIDE.get(name, {})})
    took: dict[str, float] = {}
    for piece in (*PIECES, SEEDS[name] + "\n"):
        (root / name).write_text(SEEDS[name] + piece * (LENGTH // len(piece)))
        began = time.thread_time()
        _look(root)
        took[piece] = time.thread_time() - began

    assert {piece: seconds for piece, seconds in took.items() if seconds > LIMIT_S} == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", '"' + '\\"' * 2**20),
        ("package.json", "/*" * 2**20),
        (".env.example", "A=a" + " " * 2**16 + "b"),
        ("go.mod", "require " + "a." * 2**20),
        ("pom.xml", "<!--" * 2**20),
        ("settings.gradle", "id " * 2**20),
        ("kyozo.toml", "".join(f"k{n} = 1\n" for n in range(100_000))),
        ("kyozo.toml", "".join(f"[services.s{n}]\nport = 1\n" for n in range(1_000))),
        ("compose.yaml", "services: {a: {image: '" + "${A:-" * 60_000 + "'}}"),
        ("build.gradle", "org.springframework.boot'" * 40_000),
    ],
    ids=lambda value: value[:20],
)
def test_the_attack_that_took_hours(folder: Folder, name: str, text: str) -> None:
    root = folder({name: text, "index.html": ""})
    began = time.thread_time()

    _look(root)

    assert time.thread_time() - began < LIMIT_S


DEEP = 100_000
MERGED = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [*a{n - 1}, *a{n - 1}]\n  k{n}: 1\n" for n in range(1, 60)
)


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "[a: ", "{a: ", "{? "])
def test_what_nests_without_end_ends_no_process(opening: str) -> None:
    """The parser in C goes deeper for each, until the stack is full and the process is gone."""
    with pytest.raises(parsing.ParseError, match="nested deeper than 200"):
        parsing.parse_yaml(opening * DEEP)
    with pytest.raises(parsing.ParseError):
        parsing.parse_yaml_all(f"a: b\n---\n{opening * DEEP}")


def test_lines_that_nest_further_and_further_end_no_process() -> None:
    with pytest.raises(parsing.ParseError, match="nested deeper than 200"):
        parsing.parse_yaml("".join(f"{' ' * n}a:\n" for n in range(700)))


def test_many_brackets_side_by_side_are_no_depth() -> None:
    assert parsing.parse_yaml(f"[{'[], ' * 1000}{{}}]") == [[]] * 1000 + [{}]


def test_keys_that_are_merged_twice_are_there_once() -> None:
    found = parsing.parse_yaml(MERGED)

    assert isinstance(found, dict)
    assert len(found["a59"]) == 60


def test_keys_that_are_merged_from_line_to_line_have_an_end() -> None:
    chain = (f"a{n}: &a{n}\n  <<: *a{n - 1}\n  k{n}: 1\n" for n in range(1, 12_000))

    with pytest.raises(parsing.ParseError, match="more than 500000 keys"):
        parsing.parse_yaml("a0: &a0 {k: v}\n" + "".join(chain))


@pytest.mark.parametrize("number", [":".join(["1"] * 50_000), "1" * 50_000, "1" * 5_000 + ".5"])
def test_a_number_without_end_is_text(number: str) -> None:
    assert parsing.parse_yaml(number) == number


def test_numbers_are_numbers() -> None:
    assert parsing.parse_yaml("[1, 0x10, 1.5, 1:30]") == [1, 16, 1.5, 90]


def test_a_value_named_a_thousand_times_is_not_written_a_thousand_times(folder: Folder) -> None:
    image = "$A" * 30_000
    root = folder(
        {
            ".env": f"A={'x' * 60_000}\n",
            "compose.yaml": f"services: {{web: {{image: '{image}', command: '{image}'}}}}\n",
            "app/Dockerfile": f"ARG A={'x' * 30_000}\nFROM {image}\n",
        }
    )

    assert all(len(str(service)) < 100_000 for service in analyze(root).services)


def test_a_document_type_that_hides_behind_an_instruction_is_seen(folder: Folder) -> None:
    hidden = '<?x <!-- ?><!DOCTYPE a [<!ENTITY b "c">]><!-- --><project>&b;</project>'

    found = analyze(folder({"pom.xml": hidden}))

    assert any("has a document type declaration" in warning for warning in found.warnings)
