"""Databases that files for other hosting platforms ask for: nothing here runs them by itself."""

import re
from collections.abc import Callable, Iterator

from detection import values
from detection.images import KIND
from detection.model import DetectedDatabase, Evidence
from detection.naming import service_name
from detection.place import Place

# Name, kind and version; with the file before them.
Named = tuple[str | None, str, str | None]
Row = tuple[str, str | None, str, str | None]
# By the names that hosting platforms give them, as far as they are not ours.
_KINDS = {"pg": "postgresql", "postgres": "postgresql", "keyvalue": "redis", "mongo": "mongodb"}
_ADDON = re.compile(
    r"(?:heroku-|stackhero-|cloudamqp|.*-)?"
    r"(postgresql|postgres|redis|mysql|mariadb|mongodb|mongo|kafka|rabbitmq|elasticsearch|memcached)"
    r"\b.*"
)


def listed_databases(place: Place) -> list[DetectedDatabase]:
    """Each database once, by its name in the file that asks for it."""
    found: dict[str, DetectedDatabase] = {}
    for file, name, kind, version in _rows(place):
        row = KIND.get(_KINDS.get(kind.lower(), kind.lower()))
        if row and row.kind not in {database.kind for database in found.values()}:
            evidence = Evidence("hosting-file", place.full(file), f"asks for {row.kind}", 0.8)
            named = service_name(name or row.kind)
            found[named] = DetectedDatabase(
                row.kind, named, version, port=row.port, evidence=(evidence,)
            )
    return list(found.values())


def _rows(place: Place) -> Iterator[Row]:
    for file, read in _READERS:
        if place.has(file):
            data = place.json(file) if file.endswith(".json") else place.yaml(file)
            yield from ((file, name, kind, version) for name, kind, version in read(data))


def _render(data: object) -> Iterator[Named]:
    for row in values.items(data, "databases"):
        yield values.text(row, "name"), "postgresql", values.text(row, "postgresMajorVersion")
    for row in values.items(data, "services"):
        if values.text(row, "type") in {"redis", "keyvalue"}:
            yield values.text(row, "name"), "redis", None


def _digital_ocean(data: object) -> Iterator[Named]:
    for row in values.items(values.dig(data, "spec") or data, "databases"):
        kind = values.text(row, "engine") or "pg"
        yield values.text(row, "name"), kind, values.text(row, "version")


def _heroku(data: object) -> Iterator[Named]:
    for addon in values.items(data, "addons"):
        plan = addon if isinstance(addon, str) else values.text(addon, "plan")
        match = _ADDON.fullmatch((plan or "").lower())
        if match:
            yield None, match[1], None


_READERS: tuple[tuple[str, Callable[[object], Iterator[Named]]], ...] = (
    ("render.yaml", _render),
    (".do/app.yaml", _digital_ocean),
    (".do/deploy.template.yaml", _digital_ocean),
    ("app.json", _heroku),
)
