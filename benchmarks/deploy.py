"""What a deploy costs beyond building, starting and booting the app: pairs, in random order.

A pair changes one source byte twice: once it is deployed by `bin/kyozo deploy`, once by a bare
`docker build` and `docker run` of the same Dockerfile. Both are asked every 20 ms until the new
text comes back. Then: an unchanged redeploy, and a rollback.
"""

import argparse
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from benchmarks.rows import Rows
from detection import analyze, render_dockerfile
from services.builds.base_images.resolve import Source, resolve
from tests.e2e.harness import Kyozo, installation
from tests.repository import ROOT
from tests.runner import run as runs

Way = tuple[str, Callable[[], object], Path, str]

POLL_S = 0.02
GOALS_S = {"beyond": 1.5, "unchanged": 3.0, "rollback": 5.0}


@dataclass(frozen=True, slots=True)
class Bare:
    """The same app by the docker command alone."""

    kyozo: Kyozo
    folder: Path
    port: int

    def deploy(self) -> None:
        docker = self.kyozo.docker
        command = docker.client.build_command("-q", "-t", "kyozo-benchmark", str(self.folder))
        environment = docker.client.environment(self.kyozo.environment)
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        self.remove()
        publish = f"127.0.0.1:{self.port}:8000"
        run = ("run", "-d", "--name", "kyozo-benchmark", "-p", publish, "-e", "PORT=8000")
        docker.query(*run, "kyozo-benchmark")

    def remove(self) -> None:
        self.kyozo.docker.query("rm", "-f", "kyozo-benchmark", accept=(0, 1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--example", default="flask-hello")
    options = parser.parse_args()
    with runs.begin() as run:
        kyozo = installation(run, settings={})
        rows = Rows("deploy", ("measure", "pair", "order", "way", "seconds"))
        measure(kyozo, rows, example=options.example, pairs=options.pairs)
    report(rows)
    return 0


def measure(kyozo: Kyozo, rows: Rows, *, example: str, pairs: int) -> None:
    ours, theirs = (copy(kyozo, example, name) for name in ("measured", "bare"))
    write_dockerfile(theirs)
    bare = Bare(kyozo, theirs, kyozo.run.port(45))
    kyozo.deploy(ours)
    bare.deploy()
    ways: list[Way] = [
        ("kyozo", partial(kyozo.begin, "deploy", ours), ours, kyozo.url("measured")),
        ("bare", bare.deploy, theirs, f"http://127.0.0.1:{bare.port}"),
    ]
    try:
        for pair in range(pairs):
            for order, (way, act, folder, url) in enumerate(random.sample(ways, k=2)):
                rows.add("change", pair, order, way, changed(folder, act, url))
                settle(kyozo)
    finally:
        bare.remove()
    unchanged_and_rollback(kyozo, rows, ours, kyozo.url("measured"))


def unchanged_and_rollback(kyozo: Kyozo, rows: Rows, folder: Path, url: str) -> None:
    for pair in range(5):
        started = time.monotonic()
        kyozo.deploy(folder)
        rows.add("unchanged", pair, 0, "kyozo", time.monotonic() - started)
        before = text_of(url)
        started = time.monotonic()
        command = kyozo.begin("rollback", "measured")
        wait_for(url, partial(is_other, before))
        rows.add("rollback", pair, 0, "kyozo", time.monotonic() - started)
        command.wait()
        kyozo.deploy(folder)


def is_other(before: str, text: str) -> bool:
    return text not in {"", before}


def changed(folder: Path, act: Callable[[], object], url: str) -> float:
    """Seconds from the command to the first answer that holds the new text."""
    mark = f"mark-{random.getrandbits(48):x}"
    source = folder / "app.py"
    lines = source.read_text(encoding="utf-8").splitlines()
    source.write_text("\n".join([*lines[:-1], mark_line(mark)]) + "\n", encoding="utf-8")
    started = time.monotonic()
    act()
    wait_for(url, lambda text: mark in text)
    return time.monotonic() - started


def mark_line(mark: str) -> str:
    return f'MARK = "{mark}"'


def copy(kyozo: Kyozo, example: str, name: str) -> Path:
    folder = kyozo.run.folder / name
    shutil.copytree(ROOT / "examples" / example, folder)
    source = folder / "app.py"
    text = source.read_text(encoding="utf-8").replace('return f"Hello', 'return f"{MARK} Hello')
    source.write_text(f"{text}\n\n{mark_line('first')}\n", encoding="utf-8")
    return folder


def write_dockerfile(folder: Path) -> None:
    """The one that Kyozo would use, on the same base images."""

    def local(tool: str, version: str | None) -> str:
        return resolve(tool, version, source=Source.LOCAL).ref

    rendered = render_dockerfile(analyze(folder).services[0], base=local)
    (folder / "Dockerfile").write_text(rendered.dockerfile, encoding="utf-8")
    (folder / ".dockerignore").write_text(rendered.dockerignore or "", encoding="utf-8")


def settle(kyozo: Kyozo) -> None:
    """Until nothing is under way, so that one half of a pair does not pay for the other."""
    while any(row["state"] in {"queued", "running"} for row in kyozo.ask("/operations")):
        time.sleep(0.2)
    time.sleep(1)


def wait_for(url: str, found: Callable[[str], bool], *, within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not found(text_of(url)):
        if time.monotonic() > deadline:
            sys.exit(f"{url} did not answer as expected within {within_s:.0f} s")
        time.sleep(POLL_S)


def text_of(url: str) -> str:
    try:
        answer = httpx.get(url, timeout=2, trust_env=False)
    except httpx.HTTPError:
        return ""
    return answer.text if answer.status_code == 200 else ""


def report(rows: Rows) -> None:
    by_pair: dict[int, dict[str, float]] = {}
    for row in rows.of("change"):
        by_pair.setdefault(int(str(row[1])), {})[str(row[3])] = float(str(row[4]))
    found = {
        "beyond": [pair["kyozo"] - pair["bare"] for pair in by_pair.values()],
        "unchanged": [float(str(row[4])) for row in rows.of("unchanged")],
        "rollback": [float(str(row[4])) for row in rows.of("rollback")],
    }
    for way in ("bare", "kyozo"):
        middle = statistics.median(pair[way] for pair in by_pair.values())
        print(f"{way:<10} median {middle:6.2f} s from the command to the new answer")
    for name, values in found.items():
        middle, worst = statistics.median(values), max(values)
        print(
            f"{name:<10} median {middle:6.2f} s   max {worst:6.2f} s   goal {GOALS_S[name]:.1f} s"
        )
    print(f"rows: {rows.path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
