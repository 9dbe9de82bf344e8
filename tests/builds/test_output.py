"""The way from raw bytes to the log: cut, cleaned, masked, capped."""

import base64
from urllib.parse import quote

import pytest

from services.builds.masking import Masker
from services.builds.output import MAX_LINE, LineCutter, LogWriter

SECRET = 's3cr3t/+ value&"quoted"'


def written(chunks: list[bytes], *secrets: str, max_log: int = 10**6) -> list[str]:
    lines: list[str] = []
    writer = LogWriter(lambda line: lines.append(line.text), Masker(secrets), max_log=max_log)
    for chunk in chunks:
        writer.feed(chunk)
    writer.finish()
    return lines


def test_lines_are_put_together_from_any_chunks() -> None:
    text = "#1 [1/1] RUN x\n#1 0.1 é one\nlast".encode()

    assert written([bytes([byte]) for byte in text]) == ["[1/1] RUN x", "é one", "last"]


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert written([b"a\xff\xfeb\n"]) == ["a\ufffd\ufffdb"]


def test_a_long_line_is_cut_and_says_so() -> None:
    (line,) = written([b"x" * 100_000, b"y" * 100_000, b"\n"])

    assert line == "x" * MAX_LINE + f" ... (cut, {200_000 - MAX_LINE} more)"


def test_an_endless_line_is_not_held() -> None:
    cutter = LineCutter(keep=10)
    for _ in range(1000):
        assert list(cutter.feed(b"z" * 1000)) == []

    assert list(cutter.feed(b"\n")) == [(b"z" * 10, 10**6 - 10)]


def test_the_log_ends_at_its_cap_with_a_note() -> None:
    lines = written([b"1234567890\n"] * 100, max_log=50)

    assert lines == ["1234567890"] * 5 + ["the log has reached its limit; the rest is not kept"]


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        repr(SECRET)[1:-1],
        quote(SECRET),
        quote(SECRET, safe="").lower(),
        SECRET.replace('"', '\\"'),
        base64.b64encode(SECRET.encode()).decode(),
        's3cr3t/+\x1b[0m value&"quoted"',
    ],
)
def test_a_secret_is_masked_in_every_spelling(shown: str) -> None:
    (line,) = written([f"key={shown} end\n".encode()], SECRET)

    assert line.startswith("key=****")
    assert line.endswith(" end")
    assert "s3cr" not in line
    assert len(line) < len("key=**** end") + 4


@pytest.mark.parametrize("user", ["u", "us", "use"])
def test_a_secret_inside_longer_base64_is_masked(user: str) -> None:
    coded = base64.b64encode(f"{user}:hunter2-hunter2".encode()).decode()

    (line,) = written([f"Authorization: Basic {coded}\n".encode()], "hunter2-hunter2")

    assert "****" in line
    assert base64.b64encode(b"hunter2-hunter2").decode()[4:12] not in line


def test_a_secret_split_over_chunks_is_masked() -> None:
    text = b"before topsecret after\n"

    for cut in range(len(text)):
        assert written([text[:cut], text[cut:]], "topsecret") == ["before **** after"]


def test_a_secret_on_the_cut_of_a_long_line_is_masked() -> None:
    (line,) = written([b"x" * (MAX_LINE - 3) + b"topsecret" + b"y" * 100 + b"\n"], "topsecret")

    assert "top" not in line


def test_each_line_of_a_secret_is_masked() -> None:
    key = "-----BEGIN KEY-----\nabcdefgh\nijklmnop\n-----END KEY-----\n"

    assert written([key.encode()], key) == ["****"] * 4


def test_a_long_secret_hides_whole_even_when_it_contains_a_short_one() -> None:
    assert Masker(["pass", "password123"]).mask("password123") == "****"


def test_too_short_secrets_are_left_alone() -> None:
    assert Masker(["", "abc"]).mask("abc abc") == "abc abc"


def test_images_are_called_what_people_call_them() -> None:
    lines: list[str] = []
    writer = LogWriter(
        lambda line: lines.append(line.text), Masker([]), called={"own.invalid/x:1": "python:3.12"}
    )

    writer.feed(b"#5 [1/2] FROM own.invalid/x:1\n")

    assert lines == ["[1/2] FROM python:3.12"]
    assert writer.progress.steps["5"].name == "[1/2] FROM python:3.12"
