"""From a commit to those who heard of it: how long it took, and what never came."""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.rows import Rows
from benchmarks.sockets import Heard

COLUMNS = ("phase", "number", "live", "replayed", "p50_ms", "p99_ms", "most_ms")


@dataclass(slots=True)
class Told:
    """Of one event: how long it took to whom it came live, and to how many it came as a replay."""

    committed_at: float
    delays: "array[float]" = field(default_factory=lambda: array("d"))
    replayed: int = 0


@dataclass(slots=True)
class Faults:
    missing: int = 0
    twice: int = 0
    disorder: int = 0

    def count(self, heard: Heard, told: Mapping[int, Told]) -> None:
        distinct = set(heard.numbers)
        self.missing += len(told.keys() - distinct)
        self.twice += len(heard.numbers) - len(distinct)
        pairs = zip(heard.numbers, heard.numbers[1:], strict=False)
        self.disorder += sum(1 for one, following in pairs if following < one)


def report(
    everybody: Sequence[Heard],
    committed: Mapping[int, float],
    phase_at: Callable[[float], str],
    rows: Rows,
) -> int:
    """A row for each event, a line for each phase; how much was lost or came out of order."""
    told = {number: Told(at) for number, at in sorted(committed.items())}
    faults = Faults()
    for heard in everybody:
        note(heard, told)
        faults.count(heard, told)
    phases: dict[str, array[float]] = defaultdict(lambda: array("d"))
    for number, one in told.items():
        phase = phase_at(one.committed_at)
        phases[phase].extend(one.delays)
        rows.add(phase, number, len(one.delays), one.replayed, *figures(one.delays))
    print(f"{len(everybody)} sockets, {len(told)} events; from the commit to the socket in ms")
    for phase, delays in phases.items():
        p50, p99, most = figures(delays)
        print(f"  {phase:<16} {len(delays):>8}   p50 {p50:.1f}   p99 {p99:.1f}   most {most:.1f}")
    print(f"  came as a replay {sum(one.replayed for one in told.values()):>8}")
    print(f"  missing {faults.missing}   out of order {faults.disorder}   goal 0", end="   ")
    print(f"came twice {faults.twice}")
    return faults.missing + faults.disorder


def note(heard: Heard, told: Mapping[int, Told]) -> None:
    """What was committed before somebody came (again) says nothing of how quick we are."""
    for number, at in zip(heard.numbers, heard.times, strict=True):
        one = told[number]
        live_from = heard.live_from[bisect_right(heard.came_at, at) - 1]
        if one.committed_at < live_from:
            one.replayed += 1
        else:
            one.delays.append(1000 * (at - one.committed_at))


def figures(delays: Sequence[float]) -> tuple[float, float, float]:
    """The median, the 99th of a hundred, and the slowest."""
    if not delays:
        return 0.0, 0.0, 0.0
    known = sorted(delays)
    return known[len(known) // 2], known[len(known) * 99 // 100], known[-1]
