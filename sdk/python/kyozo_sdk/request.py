"""What is asked for, before anybody sends it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal
from urllib.parse import quote

from kyozo_sdk.records import Record, plain

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Ref = str | int | Record  # an id, or what has one


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` begins below the team's address, or below the API's where `in_team` is false.

    The `key` of a POST makes it safe to send again. `file` is sent from its beginning each time.
    """

    method: Method
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = field(default=None, repr=False)
    file: BinaryIO | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    in_team: bool = True
    is_signed: bool = True
    read_timeout_s: float | None = None
    also_good: tuple[int, ...] = ()  # statuses that are answers and no errors

    @property
    def is_repeatable(self) -> bool:
        """Whether it does nothing more when it is carried out twice."""
        if self.method == "POST":
            return self.key is not None
        # A PATCH may undo what somebody changed in between; and with If-Match the first attempt's
        # own change would look like somebody else's.
        return self.method != "PATCH" and "If-Match" not in self.headers


def get(path: str, /, **params: object) -> Request:
    return Request(method="GET", path=path, params=query(params))


def post(
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    if_match: str | None = None,
) -> Request:
    return Request(
        method="POST",
        path=path,
        json=plain(given(body or {})),
        headers=matching(if_match),
        key=key or new_key(),
    )


def matching(etag: str | None) -> dict[str, str]:
    """The header that has a change refused where somebody else was faster."""
    return {} if etag is None else {"If-Match": etag}


def new_key() -> str:
    return uuid.uuid4().hex


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was said: None stands for what was not."""
    return {name: value for name, value in values.items() if value is not None}


def query(params: Mapping[str, object]) -> dict[str, str]:
    return {name: _word(value) for name, value in given(params).items()}


def at(template: str, *parts: Ref) -> str:
    """`at("/services/{}/start", service)`: ids are quoted, so that they stay one part of a path."""
    return template.format(*map(_part, parts))


def identity(of: Ref) -> str:
    return str(of.raw["id"]) if isinstance(of, Record) else str(of)


def _part(of: Ref) -> str:
    text = identity(of)
    # Quoting leaves dots alone, and "..", like an empty part, would lead to another address.
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} is no id")
    return quote(text, safe="")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return identity(value) if isinstance(value, Record) else str(value)
