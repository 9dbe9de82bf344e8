"""An analysis out of the JSON that `to_json` made of it, with every field's type looked at."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from detection.model import Analysis

Hint = Any  # what a type hint is has no type of its own


def analysis_from_json(data: object) -> Analysis:
    """Raises ValueError for anything that `to_json` does not write."""
    found = _read(Analysis, data)
    assert isinstance(found, Analysis)  # noqa: S101 - what `_read` was asked for
    return found


def _read(hint: Hint, data: object) -> object:
    origin: Hint = get_origin(hint)
    if is_dataclass(hint):
        return _row(hint, data)
    if origin in {Union, types.UnionType}:
        kinds = [kind for kind in get_args(hint) if kind is not types.NoneType]
        return None if data is None else _read(kinds[0], data)
    if origin is tuple:
        return _list(get_args(hint)[0], data)
    if origin is Mapping:
        return _table(get_args(hint)[1], data)
    return _scalar(hint, data)


def _row(kind: Hint, data: object) -> object:
    names, hints = _fields(kind)
    if not isinstance(data, dict) or data.keys() != names.keys():
        raise _wrong(kind.__name__)
    return kind(**{names[key]: _read(hints[names[key]], data[key]) for key in names})


@lru_cache(maxsize=64)
def _fields(kind: Hint) -> tuple[dict[str, str], dict[str, Hint]]:
    """The field behind each key, and the type of each field."""
    names = {str(f.metadata.get("json", f.name)): f.name for f in fields(kind)}
    return names, get_type_hints(kind)


def _list(hint: Hint, data: object) -> tuple[object, ...]:
    if not isinstance(data, list):
        raise _wrong("list")
    return tuple(_read(hint, item) for item in data)


def _table(hint: Hint, data: object) -> dict[str, object]:
    if not isinstance(data, dict):
        raise _wrong("table")
    return {str(key): _read(hint, item) for key, item in data.items()}


def _scalar(hint: Hint, data: object) -> object:
    origin: Hint = get_origin(hint)
    if origin is Literal:
        is_right = data in get_args(hint)
    elif hint is float:
        is_right = isinstance(data, int | float) and not isinstance(data, bool)
    else:
        is_right = type(data) is hint
    if not is_right:
        raise _wrong(str(hint))
    return float(data) if hint is float else data  # type: ignore[arg-type]


def _wrong(wanted: str) -> ValueError:
    return ValueError(f"there should be a {wanted}")
