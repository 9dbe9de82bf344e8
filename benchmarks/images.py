"""How large the images are that we make, beside what one stage without a thought comes to.

For each sample: a folder, its Dockerfile as a deploy writes it, the image on the engine, a
container of it, and its answer over HTTP. Then the same folder in one stage: the base image with
all tools, `COPY . .`, install. What cannot be built on this machine says why.
"""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.rows import Rows
from benchmarks.samples import PORT, SAMPLES, Sample
from detection import DetectedService, analyze, render_dockerfile
from services.builds.base_images.choice import Chooser
from services.builds.base_images.resolve import Source, tool_of
from services.builds.base_images.workshop import Workshop, ensure
from services.builds.build import Builder, BuildRequest, Built, build_image
from services.builds.client import DockerCli, find_client
from services.builds.progress import BuildLine
from services.builds.rewrite import Policy, prepare
from services.errors import KyozoError
from services.runtimes.base import LABEL_INSTALL
from services.sources.ignore import load_ignore
from services.sources.snapshot import snapshot
from tests.repository import ROOT
from tests.runner import run as runs
from tests.runner.run import Run

COLUMNS = ("sample", "way", "bytes", "build_s", "answer")
ANSWER_S = 40
MEMORY = "512m"
REASON = 150
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Bench:
    run: Run
    docker: DockerCli
    source: Source
    rows: Rows

    @property
    def label(self) -> str:
        return f"test-{self.run.id}"

    @property
    def place(self) -> Path:
        return self.run.folder / "tmp"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", nargs="*", help="names; all without one")
    parser.add_argument("--registry", action="store_true", help="public base images, not ours")
    options = parser.parse_args()
    source = Source.REGISTRY if options.registry else Source.LOCAL
    with runs.begin() as run:
        environ = run.environment
        docker = DockerCli(find_client(environ), environ.get("DOCKER_HOST", ""), environ)
        bench = Bench(run, docker, source, Rows("images", COLUMNS))
        for sample in SAMPLES:
            if not options.samples or sample.name in options.samples:
                for way in ("ours", "naive") if sample.tool else ("ours",):
                    bench.rows.add(sample.name, way, *measure(bench, sample, way))
                    print(f"{sample.name}: {way} done", flush=True)
    report(bench.rows)
    return 0


def measure(bench: Bench, sample: Sample, way: str) -> tuple[int, float, str]:
    """Size in bytes, seconds of the build, and whether it answers or why there is no image."""
    folder = bench.place / f"{sample.name.partition(',')[0]}-{way}"
    write(folder, sample)
    lines: list[str] = []
    started = time.monotonic()
    built, took = None, 0.0
    try:
        base = Chooser(bench.source)
        service = analyze(folder).services[0]
        if way == "ours":
            text, files = ours(folder, service, base)
        else:
            text, files = naive(sample, service, base), {}
        built = build(bench, folder, text, files, base, lines)
        took = built.duration_ms / 1000
        port = 80 if (sample.tool, way) == ("static", "naive") else service.port or PORT
        answer = asked(bench, built.image_id, port, sample.says)
    except (KyozoError, IndexError) as exc:
        why = f"no answer: {exc}" if built else f"not built: {last_said(lines) or exc}"
        answer = " ".join(why.split())[:REASON]
        keep(bench, f"{sample.name}-{way}", [*lines, str(exc)])
        took = took or time.monotonic() - started
    finally:
        if built:
            bench.docker.query("image", "rm", "--force", built.image_id)
    return built.size_bytes if built else 0, took, answer


def write(folder: Path, sample: Sample) -> None:
    for name, text in sample.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def ours(folder: Path, service: DetectedService, base: Chooser) -> tuple[str, dict[str, bytes]]:
    """The Dockerfile as a deploy has it, and what lies beside the person's files in the build."""
    if service.dockerfile_path:
        return (folder / service.dockerfile_path).read_text(encoding="utf-8"), {}
    rendered = render_dockerfile(service, base=base)
    if rendered.dockerignore:
        (folder / ".dockerignore").write_text(rendered.dockerignore, encoding="utf-8")
    return rendered.dockerfile, {
        name.removeprefix(".kyozo/"): text.encode() for name, text in rendered.files.items()
    }


def naive(sample: Sample, service: DetectedService, base: Chooser) -> str:
    """In the version that ours has; public images that are not "slim" bring compilers."""
    fat = base(sample.tool, service.language_version).replace("-slim", "")
    return sample.naive.replace("{base}", fat)


def build(
    bench: Bench, folder: Path, text: str, files: dict[str, bytes], base: Chooser, lines: list[str]
) -> Built:
    def log(line: BuildLine) -> None:
        lines.append(line.text)

    shop = Workshop(bench.docker, bench.run.folder / "home", bench.run.environment)
    images: dict[str, str] = {}
    cache = secrets.token_hex(12)  # nothing that was built before makes it quicker or larger
    for name in prepare(text, Policy(cache)).images:
        if bench.source is Source.LOCAL and (found := tool_of(name)):
            images[name] = base(*found)
    ensure(base.refs, shop=shop, log=lines.append)
    tree = folder.with_name(f"{folder.name}-tree")
    snapshot(folder, tree, ignore=load_ignore(folder))
    engine = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    builder = Builder(bench.docker.client, engine, bench.place / "work")
    request = BuildRequest(
        tree,
        prepare(text, Policy(cache, images)),
        f"kyozo-test/{secrets.token_hex(6)}:1",
        labels={LABEL_INSTALL: bench.label},
        extra_files=files,
    )
    return build_image(request, builder=builder, log=log, cancelled=lambda: False)


def asked(bench: Bench, image_id: str, port: int, says: str) -> str:
    """Run it and ask until it says what it should."""
    with container(bench, image_id, port) as (name, address):
        until = time.monotonic() + ANSWER_S
        said = "nothing"
        while time.monotonic() < until:
            try:
                answer = httpx.get(f"http://{address}/", timeout=5, trust_env=False)
                said = f"{answer.status_code} {answer.text[:60]!r}"
                if answer.status_code == 200 and says in answer.text:
                    return "answers"
            except httpx.TransportError as exc:
                said = repr(exc)
            time.sleep(0.3)
        log = bench.docker.query("logs", "--tail", "5", name)
        raise KyozoError(f"{said}; {log}")


@contextmanager
def container(bench: Bench, image_id: str, port: int) -> Iterator[tuple[str, str]]:
    options = ("--detach", "--memory", MEMORY, "--label", f"{LABEL_INSTALL}={bench.label}")
    published = ("--publish", f"127.0.0.1::{port}", "--env", f"PORT={port}")
    name = bench.docker.query("run", *options, *published, image_id).strip()
    try:
        yield name, bench.docker.query("port", name, f"{port}/tcp").split()[0]
    finally:
        bench.docker.query("rm", "--force", "--volumes", name)


def last_said(lines: list[str]) -> str:
    """By the program that failed, not by the builder about it."""
    said = [line for line in lines if line.strip() and not line.startswith("executor failed")]
    return said[-1] if said else ""


def keep(bench: Bench, name: str, lines: list[str]) -> None:
    """What a build said that went wrong, beside the rows."""
    path = bench.rows.path.with_name(f"{bench.rows.path.stem}-{name.replace(' ', '-')}.log")
    path.write_text("\n".join(lines), encoding="utf-8")


def report(rows: Rows) -> None:
    print(f"\n{'sample':<18} {'ours MB':>8} {'naive MB':>9} {'ours by naive':>14}  result")
    by_sample: dict[str, dict[str, tuple[object, ...]]] = {}
    for row in rows.rows:
        by_sample.setdefault(str(row[0]), {})[str(row[1])] = row
    for name, ways in by_sample.items():
        sizes = {way: int(str(row[2])) for way, row in ways.items()}
        own, naive = sizes["ours"], sizes.get("naive", 0)
        ratio = f"{own / naive:.2f}" if own and naive else ""
        said = "; ".join(
            str(row[4]) if way == "ours" else f"naive {row[4]}"
            for way, row in ways.items()
            if way == "ours" or row[4] != "answers"
        )
        shown = (f"{size / MB:.0f}" if size else "-" for size in (own, naive))
        print("{:<18} {:>8} {:>9} {:>14}  {}".format(name, *shown, ratio, said))
    print(f"rows: {rows.path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
