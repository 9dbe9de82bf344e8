"""What the platform costs when nothing happens: memory and processor time, the router apart.

Five services, each checked every 30 s, no client. Memory is what is resident, the largest of the
samples; processor time is a share of one core over the whole time, by the kernel's own counters.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.rows import Rows
from kyozo.platform.processes import ProcessId
from tests.e2e.harness import Kyozo, installation
from tests.repository import ROOT
from tests.runner import run as runs

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
SERVICES = 5
WARM_UP_S = 60
SAMPLE_S = 5
GOAL_MB, GOAL_PERCENT = 160, 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    with runs.begin() as run:
        kyozo = installation(run, settings={})
        for number in range(SERVICES):
            kyozo.deploy(site(run.folder / f"idle-{number}"))
        time.sleep(WARM_UP_S)
        rows = Rows("idle", ("part", "second", "memory_mb", "cpu_s"))
        report(rows, watch(kyozo, rows, seconds=options.minutes * 60))
    return 0


def site(folder: Path) -> Path:
    folder.mkdir()
    (folder / "index.html").write_text(f"<h1>{folder.name}</h1>\n", encoding="utf-8")
    return folder


def watch(kyozo: Kyozo, rows: Rows, *, seconds: float) -> float:
    """Sample both parts until the time is over; the seconds it really took."""
    started = time.monotonic()
    while (now := time.monotonic() - started) <= seconds:
        for part, processes in parts(kyozo).items():
            memory, cpu = over(memory_mb, processes), over(cpu_s, processes)
            rows.add(part, now, memory, cpu)
        time.sleep(SAMPLE_S)
    return time.monotonic() - started


def parts(kyozo: Kyozo) -> Mapping[str, list[ProcessId]]:
    found: dict[str, list[ProcessId]] = {"platform": [], "router": []}
    for process in runs.marked(kyozo.run.id):
        name = Path(f"/proc/{process.pid}/comm").read_text(encoding="utf-8").strip()
        found["router" if name == "traefik" else "platform"].append(process)
    return found


def over(measure: Callable[[int], float], processes: list[ProcessId]) -> float:
    return sum(measure(process.pid) for process in processes)


def memory_mb(pid: int) -> float:
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * PAGE_MB


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def report(rows: Rows, seconds: float) -> None:
    for part in ("platform", "router"):
        samples = rows.of(part)
        memory = max(float(str(row[2])) for row in samples)
        cpu = float(str(samples[-1][3])) - float(str(samples[0][3]))
        print(f"{part:<10} {memory:6.1f} MB at most {100 * cpu / seconds:5.2f} % of a core")
    print(f"{'goal':<10} {GOAL_MB:6.1f} MB         {GOAL_PERCENT:5.2f} % (platform only)")
    print(f"rows: {rows.path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
