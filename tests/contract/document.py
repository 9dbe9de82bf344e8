"""The API document's own JSON, by the heading it stands under, and how an answer is held to it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SECTIONS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "document.json").read_text(encoding="utf-8")
)
NUMBERS = (int, float)


def request(section: str) -> Any:
    """A fresh copy: tests put real ids into it."""
    return json.loads(json.dumps(SECTIONS[section]["request"]))


def response(section: str) -> Any:
    return SECTIONS[section]["response"]


def payload(section: str) -> Any:
    return SECTIONS[section]["payload"]


def differences(wanted: Any, got: Any, at: str = "") -> Iterator[str]:
    """What the document has and the answer lacks or has in another JSON type. More is fine."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        yield from _in_object(wanted, got, at)
    elif isinstance(wanted, list) and isinstance(got, list):
        if wanted and not got:
            yield f"{at} is empty"
        for item in got if wanted else ():
            yield from differences(wanted[0], item, f"{at}[]")
    elif not _same_type(wanted, got):
        yield f"{at} is {json.dumps(got)} and not like {json.dumps(wanted)}"


def _in_object(wanted: dict[str, Any], got: dict[str, Any], at: str) -> Iterator[str]:
    for name, value in wanted.items():
        if name.isupper() or name.isdecimal():  # a variable or a port: data, not a field
            continue
        if name not in got:
            yield f"{at}.{name} is missing"
        else:
            yield from differences(value, got[name], f"{at}.{name}")


def missing(section: str, got: Any) -> list[str]:
    return list(differences(response(section), got))


def _same_type(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(got, bool):
        return isinstance(wanted, bool) and isinstance(got, bool)
    if isinstance(wanted, NUMBERS):
        return isinstance(got, NUMBERS)
    return type(wanted) is type(got)
