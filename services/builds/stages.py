"""The stages of a Dockerfile: which images each asks for, and which stages a build comes by."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stage:
    """`takes` are names and numbers of the stages that it copies from or stands on."""

    name: str = ""
    images: list[str] = field(default_factory=list)
    takes: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Stages:
    """In the file's order. What stands before the first FROM counts with every stage."""

    rows: list[Stage] = field(default_factory=list)
    before: Stage = field(default_factory=Stage)

    @property
    def names(self) -> list[str]:
        return [stage.name for stage in self.rows]

    @property
    def current(self) -> Stage:
        return self.rows[-1] if self.rows else self.before

    def images(self, target: str) -> tuple[str, ...]:
        """Those of a build of `target`, by default the last stage. When in doubt, all."""
        numbers = self._reached(target.lower() or str(len(self.rows) - 1))
        needed = [stage for at, stage in enumerate(self.rows) if not numbers or at in numbers]
        found = [image for stage in [self.before, *needed] for image in stage.images]
        return tuple(dict.fromkeys(found))

    def _reached(self, target: str) -> set[int]:
        todo, reached = set(self._called(target)), set[int]()
        while todo:
            at = todo.pop()
            reached.add(at)
            taken = {other for name in self.rows[at].takes for other in self._called(name)}
            todo |= taken - reached
        return reached

    def _called(self, name: str) -> Iterator[int]:
        """Builders disagree on which stage a name means that several have."""
        for at, stage in enumerate(self.rows):
            if name in {stage.name, str(at)}:
                yield at
