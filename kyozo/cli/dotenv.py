"""A .env file as it is written: values are opaque text, nothing in them is expanded or run."""

import re
from pathlib import Path

from kyozo.cli.errors import USAGE, CliError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$", "`": "`"}
MAX_BYTES = 1_000_000


def read(path: Path) -> dict[str, str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CliError(f"{path} is too large for a file of variables", status=USAGE)
        return parse(path.read_text(encoding="utf-8-sig"), source=str(path))
    except OSError as exc:
        raise CliError(f"cannot read {path}: {exc.strerror}", status=USAGE) from exc
    except UnicodeDecodeError as exc:
        raise CliError(f"{path} is not UTF-8 text", status=USAGE) from exc


def parse(text: str, *, source: str = ".env") -> dict[str, str]:
    """NAME=value lines, `export` allowed. Quoted values may go over several lines: in single quotes
    everything counts as written, in double quotes the usual backslashes do. An unquoted value ends
    at a blank before #."""
    found: dict[str, str] = {}
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        start, line = number + 1, lines[number].strip()
        number += 1
        if not line or line.startswith("#"):
            continue
        name, equals, rest = line.removeprefix("export ").lstrip().partition("=")
        name = name.rstrip()
        if not equals or not NAME.fullmatch(name):
            raise _bad(source, start, "expected NAME=value")
        rest = rest.lstrip()
        quote = rest[:1]
        if quote not in {"'", '"'}:
            found[name] = re.split(r"\s#", rest, maxsplit=1)[0].rstrip()
            continue
        value = rest[1:]
        while (end := _closing(value, quote)) is None:
            if number == len(lines):
                raise _bad(source, start, f"the {quote} is never closed")
            value += "\n" + lines[number]
            number += 1
        found[name] = _unescaped(value[:end]) if quote == '"' else value[:end]
    return found


def _closing(value: str, quote: str) -> int | None:
    """Where the quotation ends; what follows it on the line is a comment."""
    skip = False
    for position, char in enumerate(value):
        if skip:
            skip = False
        elif char == "\\" and quote == '"':
            skip = True
        elif char == quote:
            return position
    return None


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[0]), value, flags=re.DOTALL)


def _bad(source: str, line: int, problem: str) -> CliError:
    return CliError(f"{source}:{line}: {problem}", code="bad_dotenv", status=USAGE)
