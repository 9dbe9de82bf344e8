"""How BuildKit cuts an instruction into flags and the rest, and how a flag is written back."""

import re

from services.errors import InvalidError

# What Go calls a space. Python's own idea of it is larger, and every difference is a way around.
SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(code) for code in range(0x2000, 0x200B)
)
ASCII_SPACE = "\t\n\v\f\r "


def refused(line: int, problem: str, *, fix: str = "") -> InvalidError:
    message = f"Dockerfile line {line}: {problem}"
    return InvalidError(
        message,
        code="build.dockerfile_refused",
        fix=fix or f"Change line {line} of the Dockerfile.",
        details={"dockerfile": [message]},
        params={"line": line},
    )


def split_flags(text: str, line: int) -> tuple[list[str], str]:
    """The leading `--flag` words, quotes and escapes resolved, and what follows them."""
    flags: list[str] = []
    at = 0
    while True:
        while at < len(text) and text[at] in ASCII_SPACE:
            at += 1
        if not text.startswith("--", at):
            return flags, text[at:]
        word, at = _word(text, at)
        if word == "--" or not word.isascii():
            raise refused(line, f"the flag {word!r} is not plain")
        flags.append(word)


def _word(text: str, at: int) -> tuple[str, int]:
    """One word; a backslash takes the next character as it is, whatever the escape directive."""
    word = []
    quote = ""
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\":
            word.append(text[at : at + 1])
            at += 1
        elif quote:
            quote = "" if char == quote else quote
            word.append(char if quote else "")
        elif char in "\"'":
            quote = char
        elif char in ASCII_SPACE:
            break
        else:
            word.append(char)
    return "".join(word), at


def join_flags(flags: list[str], rest: str) -> str:
    """The reverse of `split_flags`."""
    written = [re.sub(r"([\\\"'\s])", r"\\\1", flag) for flag in flags]
    return " ".join([*written, rest])
