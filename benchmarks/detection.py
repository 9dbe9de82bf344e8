"""How long a folder takes, beside the bare walk that it cannot beat, and how sure means right.

The example folders of the tests, several times each; then trees of 10,000 and 25,000 files around
one of them. With `--labels` and `--corpus` the reliability table is of labelled folders: a file of
tab-separated columns path, service_type, accept, package_manager, lang_version, port.
"""

import argparse
import csv
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.rows import Rows
from detection import Analysis, analyze
from tests.detection import golden

ROUNDS = 15
LARGE = (10_000, 25_000)
GOALS_MS = {"median": 2.0, "percentile": 10.0, "10,000 files": 150.0}
BINS = (0.0, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)


@dataclass(frozen=True, slots=True)
class Answer:
    confidence: float
    is_right: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    rows = Rows("detection", ["measure", "folder", "milliseconds", "floor"])
    print("| folder | time | bare walk | goal |\n|---|---|---|---|")
    _examples(rows)
    for count in LARGE:
        _large(rows, count)
    answers = _labelled(options.labels, options.corpus) if options.labels else _own()
    _reliability(list(answers))
    print(f"rows: {rows.path}")


def walk(folder: Path) -> int:
    """The floor: every name once, and nothing read."""
    seen, waiting = 0, [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                seen += 1
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return seen


def _milliseconds(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return 1000 * (time.perf_counter() - began)


def _examples(rows: Rows) -> None:
    for _ in range(ROUNDS):
        for name in golden.names():
            folder = golden.EXAMPLES / name / "app"
            floor = _milliseconds(lambda folder=folder: walk(folder))  # type: ignore[misc]
            took = _milliseconds(lambda folder=folder: analyze(folder))  # type: ignore[misc]
            rows.add("example", name, took, floor)
    times = sorted(float(str(row[2])) for row in rows.of("example"))
    floors = [float(str(row[3])) for row in rows.of("example")]
    count = f"{len(golden.names())} examples"
    _line(f"{count}, median", statistics.median(times), statistics.median(floors))
    at_95 = sorted(floors)[int(0.95 * len(floors))]
    _line(f"{count}, 95th percentile", times[int(0.95 * len(times))], at_95)


def _line(name: str, took: float, floor: float) -> None:
    goal = next((f"{ms:g} ms" for ends, ms in GOALS_MS.items() if name.endswith(ends)), "")
    print(f"| {name} | {_short(took)} | {_short(floor)} | {goal} |")


def _short(milliseconds: float) -> str:
    return f"{milliseconds:.2g} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"


def _large(rows: Rows, count: int) -> None:
    """A small application with `count` files of source around it, none of them passed over."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "package.json").write_text('{"dependencies": {"express": "5"}, "main": "a.js"}')
        (folder / "a.js").write_text("require('express')().listen(process.env.PORT || 3000)\n")
        for number in range(count - 2):
            where = folder / f"src/part{number // 500}/unit{number // 50 % 10}"
            if number % 50 == 0:
                where.mkdir(parents=True)
            (where / f"file{number}.js").write_text("export default 1\n")
        for _ in range(5):
            floor = _milliseconds(lambda: walk(folder))
            rows.add(f"{count} files", "", _milliseconds(lambda: analyze(folder)), floor)
    found = rows.of(f"{count} files")
    took = statistics.median(float(str(row[2])) for row in found)
    _line(f"{count:,} files", took, statistics.median(float(str(row[3])) for row in found))


def _own() -> Iterator[Answer]:
    """Our own examples: right is what their plan says."""
    for name in golden.names():
        found = golden.analysis_of(name)
        plan = json.loads((golden.EXAMPLES / name / "plan.json").read_text())
        yield Answer(found.confidence, json.loads(golden.plan_of(found)) == plan)


def _labelled(labels: Path, corpus: Path) -> Iterator[Answer]:
    with labels.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row.get("level") != "multi" and (corpus / row["path"]).is_dir():
                found = analyze(corpus / row["path"])
                yield Answer(found.confidence, _agrees(row, found))


def _agrees(row: dict[str, str], found: Analysis) -> bool:
    """Type, package manager, version and port, as far as the label names them."""
    wanted = row["service_type"].split(":")
    types = {"unknown"} if wanted[0] == "other" else {wanted[0], *row["accept"].split("|")}
    service = found.services[0] if found.services else None
    said = (
        ("package_manager", service.package_manager if service else None),
        ("port", str(service.port or "") if service else None),
    )
    if found.service_type not in types:
        return False
    version = service.language_version if service else None
    if row["lang_version"] and not _is_version(row["lang_version"], version):
        return False
    return all((value or "") in row[name].split(",") for name, value in said if row[name])


def _is_version(wanted: str, said: str | None) -> bool:
    return any(f"{said}.".startswith(f"{version}.") for version in wanted.split(","))


def _reliability(answers: list[Answer]) -> None:
    print("\n| said | answers | right |\n|---|---|---|")
    for low, high in pairwise(BINS):
        inside = [answer for answer in answers if low <= answer.confidence < high]
        if inside:
            right = sum(answer.is_right for answer in inside) / len(inside)
            said = f"{low:.2f} to {min(high, 1):.2f}" if low else f"below {high:.2f}"
            print(f"| {said} | {len(inside)} | {100 * right:.3g} % |")
    off = sum(abs(answer.is_right - answer.confidence) for answer in answers) / len(answers)
    print(f"\nmean distance of what was said from what was so: {off:.2f}")


if __name__ == "__main__":
    main()
