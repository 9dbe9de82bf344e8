"""The platform itself."""

from kyozo_sdk.records import Record


class Liveness(Record):
    """The process answers."""

    status: str


class Readiness(Record):
    """Whether database, engine and router work."""

    status: str
    database: str
    engine: str
    router: str


class ImageMapping(Record):
    """One image in place of another."""

    source: str
    target: str


class Leftover(Record):
    """Something that nobody wants any more."""

    kind: str
    name: str
    why: str
    size_bytes: int


class CleanReport(Record):
    """What was removed, and why."""

    is_dry_run: bool
    removed: list[Leftover]
    refused: list[Leftover]
    freed_bytes: int | None
