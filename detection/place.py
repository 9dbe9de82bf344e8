"""One folder inside the index, as a provider sees it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from detection.index import Directory, FolderIndex

T = TypeVar("T")

# Folders whose code is not what gets deployed.
ASIDE = frozenset(
    [
        "test",
        "tests",
        "testing",
        "spec",
        "specs",
        "__tests__",
        "e2e",
        "fixtures",
        "testdata",
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
        "demos",
        "docs",
        "doc",
        "documentation",
        "benchmark",
        "benchmarks",
        "bench",
        "migrations",
        "locale",
        "locales",
        "cypress",
        "playwright",
        "storybook",
        ".storybook",
        "stories",
        "notebooks",
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """`path` is relative to the analysed folder, with forward slashes; the root is "."."""

    index: FolderIndex
    path: str = "."

    @property
    def names(self) -> Directory:
        return self.index.directory(self.path)

    def full(self, name: str) -> str:
        """The path of something here, relative to the analysed folder."""
        return name if self.path == "." else f"{self.path}/{name}"

    def find(self, *names: str) -> str | None:
        """The first of these files that is here; a different case is taken when nothing else is."""
        for name in names:
            if self.has(name):
                return name
        lower = {file.lower(): file for file in self.names.files}
        return next((lower[name.lower()] for name in names if name.lower() in lower), None)

    def has(self, name: str) -> bool:
        return self.index.has(self.full(name))

    def has_folder(self, name: str) -> bool:
        parent, _, last = name.rpartition("/")
        where = self.full(parent) if parent else self.path
        return last in self.index.directory(where).folders

    def text(self, name: str) -> str | None:
        return self.index.text(self.full(name))

    def source(self, name: str) -> str:
        return self.index.source(self.full(name))

    def json(self, name: str) -> object:
        return self.index.json(self.full(name))

    def toml(self, name: str) -> object:
        return self.index.toml(self.full(name))

    def yaml(self, name: str) -> object:
        return self.index.yaml(self.full(name))

    def parsed(self, name: str, parse: Callable[[str], T]) -> T | None:
        return self.index.parsed(self.full(name), parse)

    def ending(self, *suffixes: str) -> list[str]:
        """The files directly here with one of these endings."""
        return [name for name in self.names.files if name.endswith(suffixes)]

    def sources(
        self, *suffixes: str, depth: int = 8, until: frozenset[str] = frozenset()
    ) -> Iterator[str]:
        """Files with these endings here and below, nearest first, as paths relative to this place.

        A folder that has one of the `until` files is another project, and left out.
        """
        level = [""]
        for _ in range(depth + 1):
            deeper: list[str] = []
            for folder in level:
                here = self.index.directory(self.full(folder) if folder else self.path)
                if folder and not until.isdisjoint(here.files):
                    continue
                prefix = f"{folder}/" if folder else ""
                yield from (prefix + name for name in here.files if name.endswith(suffixes))
                deeper.extend(prefix + name for name in here.walked if name not in ASIDE)
            level = deeper
