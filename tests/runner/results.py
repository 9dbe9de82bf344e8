"""What the tests came to: read from pytest's own XML, told in a few words."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @classmethod
    def of(cls, outcomes: Iterable[str]) -> "Counts":
        found = list(outcomes)
        return cls(found.count("passed"), found.count("failed"), found.count("skipped"))

    @property
    def is_good(self) -> bool:
        """A skipped test is a test that did not pass, and no test at all is no proof."""
        return self.passed > 0 and not self.failed and not self.skipped

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclass(slots=True)
class Results:
    """Outcomes by test; one that ran in two stages passed only if it passed in both."""

    outcomes: dict[str, str] = field(default_factory=dict)

    def read(self, report: Path) -> Counts:
        """Add one report; a missing one adds nothing, and so is not good."""
        seen = dict(_outcomes(report)) if report.exists() else {}
        self.add(seen)
        return Counts.of(seen.values())

    def add(self, seen: Mapping[str, str]) -> None:
        for name, outcome in seen.items():
            if self.outcomes.get(name, "passed") == "passed":
                self.outcomes[name] = outcome

    @property
    def counts(self) -> Counts:
        return Counts.of(self.outcomes.values())


def _outcomes(report: Path) -> Iterator[tuple[str, str]]:
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own pytest wrote it
        name = f"{case.get('classname')}::{case.get('name')}"
        tags = {child.tag for child in case}
        if tags & {"failure", "error"}:
            yield name, "failed"
        else:
            yield name, "skipped" if "skipped" in tags else "passed"
