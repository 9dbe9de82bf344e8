"""The stage bar: on a terminal a line a service, redrawn; elsewhere a line a change."""

import time
from types import TracebackType

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from kyozo.cli.answers import Operation, Step
from kyozo.cli.screen import Screen, clean, one_line

MARKS = {
    "pending": ("·", "dim"),
    "running": ("●", "cyan"),
    "succeeded": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("-", "dim"),
}
REDRAWS_A_SECOND = 5
WORDS = {"succeeded": "done", "running": "...", "failed": "FAILED", "skipped": "skipped"}


class StageBar:
    """`update` may be called as often as one likes; use it as a context manager."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._operations: dict[str, Operation] = {}
        self._seen: dict[tuple[str, str], tuple[str, str]] = {}
        self._running_since: dict[tuple[str, str], float] = {}
        self._live: Live | None = None

    def __enter__(self) -> "StageBar":
        if self._screen.console.is_terminal:
            self._live = Live(
                get_renderable=self._draw,
                console=self._screen.console,
                refresh_per_second=REDRAWS_A_SECOND,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def update(self, operation: Operation) -> None:
        self._operations[operation.id] = operation
        for step in operation.steps:
            key, now = (operation.id, step.name), (step.state, step.detail)
            before = self._seen.get(key, ("", ""))
            if before == now:
                continue
            self._seen[key] = now
            if step.state == "running":
                self._running_since.setdefault(key, time.monotonic())
            has_news = step.state != before[0] or _is_told(step)
            if not self._live and step.state in WORDS and has_news:
                self._screen.say(_line(operation, step))

    def log(self, service_name: str, text: str) -> None:
        """A line of a build log, above the bar."""
        self._screen.say(f"{one_line(service_name)} | {one_line(text)}", style="dim")

    def _draw(self) -> Group:
        grid = Table.grid(padding=(0, 2))
        details = []
        for operation in list(self._operations.values()):
            cells = [self._cell(operation, step) for step in operation.steps]
            grid.add_row(Text(clean(operation.service_name), style="bold"), *cells)
            details += [_detail(operation, step) for step in operation.steps if _is_told(step)]
        return Group(grid, *details)

    def _cell(self, operation: Operation, step: Step) -> Text:
        mark, style = MARKS.get(step.state, MARKS["pending"])
        seconds = step.seconds
        if step.state == "running":
            since = self._running_since.get((operation.id, step.name))
            seconds = time.monotonic() - since if since else None
        took = f" {seconds:.1f}s" if seconds is not None else ""
        return Text(f"{mark} {clean(step.name)}{took}", style=style)


def _is_told(step: Step) -> bool:
    return step.state == "running" and bool(step.detail)


def _detail(operation: Operation, step: Step) -> Text:
    return Text(f"  {one_line(operation.service_name)}: {one_line(step.detail)}", style="dim")


def _line(operation: Operation, step: Step) -> str:
    took = f" in {step.seconds:.1f} s" if step.state == "succeeded" and step.seconds else ""
    detail = f" ({one_line(step.detail)})" if step.detail else ""
    return f"{one_line(operation.service_name)}: {step.name} {WORDS[step.state]}{took}{detail}"
