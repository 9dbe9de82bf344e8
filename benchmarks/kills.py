"""The platform killed -9 at random moments of a deploy, again and again: what was lost?"""

import argparse
import random
import sys
from collections import Counter

from benchmarks.idle import site
from benchmarks.rows import Rows
from tests.e2e.harness import installation
from tests.e2e.kills import Outcome, kill_during_deploy
from tests.repository import ROOT
from tests.runner import run as runs

# From before the order is accepted until after the old instance is gone.
MOMENTS_S = (0.2, 6.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    outcomes = []
    columns = ("kill", "after_s", "step", "state", "ended_after_s", "requests", "failed", "serves")
    with runs.begin() as run:
        kyozo = installation(run)
        rows = Rows("kills", columns)
        place = site(run.folder / "killed")
        kyozo.deploy(place)
        for number in range(options.kills):
            moment = random.uniform(*MOMENTS_S)
            text = f"<h1>kill {number}</h1>\n"
            outcome = kill_during_deploy(kyozo, place, after_s=moment, text=text)
            serves_new = outcome.serves == text
            rows.add(number, *values(outcome), "new" if serves_new else "old")
            outcomes.append(outcome)
    return report(outcomes, rows)


def values(outcome: Outcome) -> tuple[object, ...]:
    return (
        outcome.after_s,
        outcome.step,
        outcome.state or "not accepted",
        outcome.ended_after_s,
        outcome.requests,
        len(outcome.failed),
    )


def report(outcomes: list[Outcome], rows: Rows) -> int:
    lost = sum(len(outcome.failed) for outcome in outcomes)
    sent = sum(outcome.requests for outcome in outcomes)
    slowest = max(outcome.ended_after_s for outcome in outcomes)
    states = Counter(outcome.state or "not accepted" for outcome in outcomes)
    print(f"kills {len(outcomes)}   ended: {dict(states)}   slowest {slowest:.1f} s after the kill")
    print(f"requests {sent}   failed {lost}")
    print(f"rows: {rows.path.relative_to(ROOT)}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
