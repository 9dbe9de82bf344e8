"""Typed reads from parsed documents, where anything may be anything."""

from collections.abc import Mapping

Table = Mapping[str, object]
EMPTY: Table = {}
# Of one value. No command, path or address is longer; what is made of it stays as small.
LONGEST = 16 * 1024


def cut(written: str) -> str:
    return written[:LONGEST]


def dig(data: object, *keys: str) -> object:
    """Follow keys through tables; None as soon as one is missing."""
    for key in keys:
        if not isinstance(data, Mapping):
            return None
        data = data.get(key)
    return data


def table(data: object, *keys: str) -> Table:
    found = dig(data, *keys)
    if not isinstance(found, Mapping):
        return EMPTY
    return {key: value for key, value in found.items() if isinstance(key, str)}


def text(data: object, *keys: str) -> str | None:
    """A scalar as text. Only scalars: printing a list built of YAML aliases could take forever."""
    found = dig(data, *keys)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, str | int | float):
        # An integer of many digits is refused by `str`, and nothing we look for.
        return cut(_written(found)).strip() or None
    return None


def _written(scalar: str | float) -> str:
    try:
        return str(scalar)
    except ValueError:
        return ""


def items(data: object, *keys: str) -> list[object]:
    found = dig(data, *keys)
    return list(found) if isinstance(found, list | tuple) else []


def strings(data: object, *keys: str) -> list[str]:
    """The strings of a list; a lone string counts as a list of one."""
    found = dig(data, *keys)
    if isinstance(found, str):
        return [cut(found)]
    return [cut(item) for item in items(found) if isinstance(item, str)]


def number(value: object) -> int | None:
    """A port-like number from 1 to 65535, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value.strip()[:6])
    return value if isinstance(value, int) and 0 < value < 65536 else None
