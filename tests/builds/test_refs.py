"""Names of images: what is one, and the full form that says of two names whether they are one."""

import pytest

from services.builds.refs import LONGEST, expand, filled, full_name, is_ref, read_arg
from services.errors import InvalidError


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("python", "docker.io/library/python:latest"),
        ("python:3.12", "docker.io/library/python:3.12"),
        ("acme/shop", "docker.io/acme/shop:latest"),
        ("docker.io/python", "docker.io/library/python:latest"),
        ("index.docker.io/python:3", "docker.io/library/python:3"),
        ("index.docker.io/acme/shop", "docker.io/acme/shop:latest"),
        ("mirror.docker.io/acme/shop", "mirror.docker.io/acme/shop:latest"),
        ("INDEX.docker.io/acme/shop", "INDEX.docker.io/acme/shop:latest"),
        ("Acme/shop", "Acme/shop:latest"),
        ("localhost/shop", "localhost/shop:latest"),
        ("host:5000/shop", "host:5000/shop:latest"),
        (f"shop@sha256:{'0' * 64}", f"docker.io/library/shop@sha256:{'0' * 64}"),
    ],
)
def test_a_name_is_read_as_engines_read_it(written: str, full: str) -> None:
    assert full_name(written) == full
    assert full_name(full) == full


@pytest.mark.parametrize(
    "text",
    ["python", "3f", "a/b__c--d.e:V_1.2", "Host.example:5000/a/b", f"a:1@sha256:{'0' * 64}"],
)
def test_names_are_names(text: str) -> None:
    assert is_ref(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "sha256:3f2", f"sha256:{'0' * 64}", "a/../b", "./a", "a//b", "a/", "/a", "a:"),
        *("a:b:c", "a?b", "a b", "a%2fb", "host/Upper", "a@sha256:3f", "a\n", "a" * 501),
    ],
)
def test_what_is_no_name_is_none(text: str) -> None:
    assert not is_ref(text)


def test_values_that_are_ten_of_the_one_before_do_not_grow() -> None:
    values: dict[str, str] = {}

    read_arg("A0=aaaaaaaaaa", values, {})
    for number in range(7):
        read_arg(f"A{number + 1}={f'$A{number}' * 10}", values, {})

    assert max(map(len, values.values())) == LONGEST
    assert len(filled("$A7" * 1000, values)) == LONGEST


def test_what_was_cut_is_no_name() -> None:
    values: dict[str, str] = {}
    read_arg("LONG=" + "a" * 10_000, values, {})
    read_arg("GIVEN", values, {"GIVEN": "a" * 10_000})

    # A quote right where it is cut would otherwise make a name of what is before it.
    values["QUOTED"] = f"""'{"a" * 499}'"""

    assert not any(is_ref(expand(f"${name}", values, 1)) for name in values)
    assert not is_ref(expand("$QUOTED$LONG", values, 1))


def test_a_word_behind_from_may_only_be_as_long_as_a_name() -> None:
    with pytest.raises(InvalidError, match="too long"):
        expand("$A" * 251, {"A": "a"}, 1)


def test_an_argument_far_longer_than_any_name_is_not_read() -> None:
    values: dict[str, str] = {}

    read_arg("A=" + "a" * 500_000, values, {})

    assert values == {}
