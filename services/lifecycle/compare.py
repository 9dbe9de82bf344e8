"""What makes one release different from another: image, configuration, names of variables."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.errors import NotFoundError
from services.models import Release, Service


@dataclass(frozen=True, slots=True)
class Difference:
    """`before` and `after` are None where there is nothing, and always for variables: a value that
    was a secret once must not be shown by a later look at old releases."""

    field: str
    kind: str  # added, removed, changed
    before: Any = None
    after: Any = None


def compare(service: Service, number: int, *, against: int | None) -> tuple[int, list[Difference]]:
    """What release `number` has different from `against`, usually the one before it; the number
    that was chosen (0: none, it is the first) and the differences by field."""
    release = _numbered(service, number)
    if against is None:
        before = service.releases.filter(number__lt=number).order_by("-number").first()
    else:
        before = _numbered(service, against)
    return before.number if before else 0, list(differences(before, release))


def _numbered(service: Service, number: int) -> Release:
    release = service.releases.filter(number=number).first()
    if release is None:
        raise NotFoundError(f"{service.name} has no release {number}")
    return release


def differences(before: Release | None, after: Release) -> Iterator[Difference]:
    old, new = _fields(before), _fields(after)
    for field in sorted({*old, *new}):
        if old.get(field) != new.get(field):
            yield Difference(field, _kind(field, old, new), old.get(field), new.get(field))
    had, has = (before.environment if before else {}), after.environment
    for name in sorted({*had, *has}):
        if had.get(name) != has.get(name):
            yield Difference(f"environment.{name}", _kind(name, had, has))


def _kind(field: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    if field not in old:
        return "added"
    return "changed" if field in new else "removed"


def _fields(release: Release | None) -> dict[str, Any]:
    if release is None:
        return {}
    return {"image": release.image_digest, **dict(_flat(release.config, ""))}


def _flat(config: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Maps are taken apart, lists are compared as a whole; null is as if it were not there."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None and value != []:
            yield f"{prefix}{name}", value
