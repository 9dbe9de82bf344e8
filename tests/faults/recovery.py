"""How long it takes until a fault is forgotten, and the table of it all."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.models import Operation
from tests.faults.installation import LEASE_S
from tests.faults.site import ended
from tests.repository import ROOT
from tests.waiting import wait_until

TAKEN_UP_WITHIN_S = LEASE_S + 10
PAGE = ROOT / "docs" / "faults.md"
BEGIN = "<!-- from here on written by `bin/test tests/faults --all` -->"
COLUMNS = ("fault", "moment", "outcome", "taken up", "over")
Properties = Iterable[tuple[str, object]]


@dataclass(slots=True)
class Recovery:
    """`note` keeps a measure with the test's result."""

    note: Callable[[str, object], None]
    _began: float = 0.0
    _attempts: int = 0

    def begin(self, fault: str, moment: object, operation: Operation) -> None:
        """The fault happens now, to this operation."""
        operation.refresh_from_db()
        self._attempts = operation.attempts
        self.note("fault", fault)
        self.note("moment", str(moment))
        self._began = time.monotonic()

    def taken_up(self, operation: Operation) -> None:
        """Wait until another worker has it."""

        def is_taken() -> bool:
            operation.refresh_from_db()
            return operation.attempts > self._attempts or not operation.is_open

        what = f"{operation.kind} is taken up again"
        wait_until(is_taken, within_s=TAKEN_UP_WITHIN_S, what=what, look_every_s=0.05)
        self.note("taken up", self._seconds())

    def over(self, operation: Operation) -> None:
        ended(operation)
        self.note("outcome", operation.state)
        self.note("over", self._seconds())

    def _seconds(self) -> float:
        return round(time.monotonic() - self._began, 1)


def write_table(rows: Iterable[Properties]) -> None:
    """Replace the table in the page; the text before it stays."""
    head = PAGE.read_text(encoding="utf-8").partition(BEGIN)[0]
    PAGE.write_text(f"{head}{BEGIN}\n\n{_table(rows)}", encoding="utf-8")


def _table(rows: Iterable[Properties]) -> str:
    told = [{name: str(value) for name, value in row} for row in rows]
    cells = sorted(tuple(row.get(name, "") for name in COLUMNS) for row in told if "fault" in row)
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with a lease of {LEASE_S:g} s;",
        "times are seconds after the fault.",
        "",
        "| fault | at | operation | taken up after | over after |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in cells),
    ]
    return "\n".join([*lines, ""])
