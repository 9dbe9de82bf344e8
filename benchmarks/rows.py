"""Raw rows of a measurement, kept as they come: a run may be stopped, a figure looked at again."""

import csv
import math
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.repository import ROOT

RESULTS = ROOT / "benchmarks" / "results"


class Rows:
    """A CSV file under benchmarks/results/, named by what was measured and when."""

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        RESULTS.mkdir(exist_ok=True)
        self.path = RESULTS / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
        self.rows: list[tuple[object, ...]] = []
        self._write(columns)

    def add(self, *values: object) -> None:
        self.rows.append(values)
        self._write([f"{value:.4f}" if isinstance(value, float) else value for value in values])

    def of(self, measure: str) -> list[tuple[object, ...]]:
        """The rows whose first column says `measure`."""
        return [row for row in self.rows if row[0] == measure]

    def values(self, key: tuple[object, ...], at: int) -> list[float]:
        """Column `at` of the rows that begin with `key`."""
        return [float(str(row[at])) for row in self.rows if row[: len(key)] == key]

    def median(self, key: tuple[object, ...], at: int) -> float:
        return statistics.median(self.values(key, at))

    def _write(self, values: Sequence[object]) -> None:
        with self.path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(values)


def ratio(ours: float, theirs: float) -> float:
    """Not a number where nobody was answered in the time there was."""
    return ours / theirs if theirs else math.nan
