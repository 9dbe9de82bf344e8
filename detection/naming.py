"""Names that engines, hosts and pages all accept."""

import re
from collections.abc import Iterable

# What people call a program that works in the background.
_WORKER = re.compile(
    r"(?:^|[-_/])(?:workers?|consumers?|scheduler|cron|daemon|processor|jobs?|queue)(?:$|[-_])"
)
_NOT_ALLOWED = re.compile(r"[^a-z0-9]+")


def service_name(text: str, *, fallback: str = "app") -> str:
    """`text` as `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`; an npm scope is left out."""
    bare = text.rpartition("/")[2] if text.startswith("@") else text
    return _NOT_ALLOWED.sub("-", bare.lower()).strip("-")[:63].strip("-") or fallback


def is_worker_name(name: str) -> bool:
    return bool(_WORKER.search(name.lower()))


def unique(name: str, taken: Iterable[str]) -> str:
    """`name`, or `name-2` and so on while it is taken."""
    used = set(taken)
    number = 2
    candidate = name
    while candidate in used:
        candidate = f"{name[:60]}-{number}"
        number += 1
    return candidate
