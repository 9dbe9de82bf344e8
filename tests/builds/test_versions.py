"""Which versions satisfy what apps write; each ecosystem has its own spelling."""

import pytest

from services.builds.base_images.versions import parse, satisfies


def fits(offered: str, request: str, *, precision: int = 2, loose_tilde: bool = False) -> bool:
    asked = parse(request)
    return asked is not None and satisfies(
        offered, asked, precision=precision, loose_tilde=loose_tilde
    )


@pytest.mark.parametrize(
    ("request_", "inside", "outside"),
    [
        # requires-python, Poetry
        (">=3.10,<3.13", "3.11", "3.13"),
        (">=3.11", "3.11", "3.10"),
        (">3.10", "3.11", "3.10"),
        ("~=3.11", "3.13", "3.10"),
        ("~=3.11.2", "3.11", "3.12"),
        ("==3.11.*", "3.11", "3.12"),
        ("!=3.12,>=3.11", "3.13", "3.12"),
        ("^3.11", "3.13", "3.10"),
        ("~3.11", "3.11", "3.12"),
        ("<=3.11", "3.11", "3.12"),
        # .python-version, runtime.txt
        ("3.11", "3.11", "3.12"),
        ("3.11.4", "3.11", "3.12"),
        ("python-3.11.9", "3.11", "3.9"),
        # Gemfile
        ("~> 3.1", "3.3", "2.7"),
        ("~> 3.1.2", "3.1", "3.3"),
        ("ruby-3.1.4", "3.1", "3.3"),
    ],
)
def test_two_numbers_decide(request_: str, inside: str, outside: str) -> None:
    assert fits(inside, request_)
    assert not fits(outside, request_)


@pytest.mark.parametrize(
    ("request_", "inside", "outside"),
    [
        ("20.x", "20", "22"),
        ("20", "20", "18"),
        ("v20.11.1", "20", "22"),
        ("^18", "18", "20"),
        (">=18 <21", "20", "22"),
        (">= 18.17.0", "18", "16"),
        ("18 || 20", "20", "22"),
        ("18 - 20", "18", "22"),
        ("~20.1.0", "20", "22"),
        ("lts/iron", "20", "22"),
        ("<=20", "20", "22"),
        ("1.8", "8", "11"),
    ],
)
def test_one_number_decides_where_lines_are_major_versions(
    request_: str, inside: str, outside: str
) -> None:
    assert fits(inside, request_, precision=1)
    assert not fits(outside, request_, precision=1)


def test_composer_reads_a_tilde_more_widely() -> None:
    assert fits("8.4", "~8.1", loose_tilde=True)
    assert not fits("8.4", "~8.1")


@pytest.mark.parametrize("request_", ["", "*", "latest", "lts/*", "stable"])
def test_no_wish_is_satisfied_by_anything(request_: str) -> None:
    assert fits("3.11", request_)


@pytest.mark.parametrize(
    "request_", ["pypy-3.9", "nightly", "; rm -rf /", ">=", "3.11 or so", "$X"]
)
def test_what_cannot_be_read_is_not_guessed(request_: str) -> None:
    assert parse(request_) is None
