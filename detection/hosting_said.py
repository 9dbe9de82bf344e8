"""One service, as a file that was written for another platform describes it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """`path` is relative to the file's folder, `dockerfile` to `path`."""

    file: str
    name: str | None = None
    path: str = "."
    process: str = "web"
    start: str | None = None
    build: str | None = None
    output: str | None = None
    port: int | None = None
    health: str | None = None
    dockerfile: str | None = None
