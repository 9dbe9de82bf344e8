"""The stages of a whole run, as a table: what is run, and what the machine must offer for it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.repository import ROOT, files

Need = Literal["engine", "images", "servers", "browser"]

PYTEST = (sys.executable, "-m", "pytest", "-p", "tests.environment", "-q", "--no-header")
# No database, or one of their own: they say nothing new on another one.
NO_DATABASE = (
    "builds",
    "cli",
    "detection",
    "machine",
    "platform",
    "probes",
    "routing",
    "runtimes",
    "sdk",
    "sdk_javascript",
    "sources",
    "test_docs.py",
    "test_house.py",
    "test_runner",
    "test_settings.py",
)
SDK = ("--config-file", "sdk/python/pyproject.toml", "sdk/python/kyozo_sdk")
UNMARKED = "not docker and not e2e and not faults"
# A process that has no test left takes some of the other's: some tests are as long as a hundred.
TWO = ("-n", "2", "--dist", "worksteal")
NO_LIMIT = "--cov-fail-under=0"  # the limit is for all stages together: "coverage in percent"


@dataclass(frozen=True, slots=True)
class Stage:
    """One command. `tests`: it is pytest; of anything else the output matters on failure only."""

    name: str
    command: tuple[str, ...]
    needs: tuple[Need, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    tests: bool = False
    stdin: Path | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """Stages one after the other, beside those of other lanes; `checks` come first, side by side.

    `nice` is how much of the processor it leaves to others, as the command of that name has it.
    """

    name: str
    stages: tuple[Stage, ...]
    checks: tuple[Stage, ...] = ()
    nice: int = 0

    @property
    def needs(self) -> set[Need]:
        return {need for stage in self.stages for need in stage.needs}


def checks() -> list[Stage]:
    """The linters; slowest first, because they run side by side."""
    return [
        Stage("mypy", _module("mypy", "--explicit-package-bases", ".")),
        Stage("mypy of the SDK", _module("mypy", *SDK)),
        Stage("lint-imports", _program("lint-imports")),
        Stage("deptry", _program("deptry", ".")),
        Stage("makemigrations --check", (sys.executable, "manage.py", "makemigrations", "--check")),
        Stage("ruff format", _module("ruff", "format", "--check", ".")),
        Stage("ruff check", _module("ruff", "check", ".")),
        *(_javascript(path) for path in files("*.js", under="services")),
    ]


def fast_tests() -> list[Stage]:
    cover = ("--cov", "--cov-report=", NO_LIMIT)
    chosen = ("-m", f"{UNMARKED} and not redis and not ssh")
    return [Stage("tests", (*PYTEST, *TWO, *chosen, *cover, "tests"), tests=True)]


def lanes() -> tuple[Lane, ...]:
    """The whole run. What computes all the time has the lower priority: much of what waits has a
    time in which something must have happened, and needs a processor for moments only."""
    return (
        Lane("busy", (*fast_tests(), *_more_tests()), checks=tuple(checks()), nice=5),
        Lane("waiting", tuple(_patient_tests())),
    )


def _more_tests() -> list[Stage]:
    """Coverage is of the stages of this lane, which is why they are in one."""
    ignored = tuple(f"--ignore=tests/{name}" for name in NO_DATABASE)
    more_cover = ("--cov", "--cov-append", "--cov-report=", NO_LIMIT)
    docker = ("-m", "docker", "--ignore=tests/e2e", *more_cover, "tests")
    return [
        Stage(
            "tests on PostgreSQL",
            (*PYTEST, *TWO, "-m", UNMARKED, *ignored, "tests"),
            needs=("servers",),
            tests=True,
        ),
        Stage("tests with an engine", (*PYTEST, *docker), needs=("images", "browser"), tests=True),
        Stage("coverage in percent", _module("coverage", "report", "--format=total")),
    ]


def _patient_tests() -> list[Stage]:
    # What shares one server, by its mark, stays together.
    e2e = ("-n", "2", "--dist", "loadgroup", "-m", "e2e", "tests/e2e")
    # Each process has an engine and workers of its own.
    faults = ("-n", "3", "--dist", "worksteal", "tests/faults")
    return [
        Stage("end to end", (*PYTEST, *e2e), needs=("images",), tests=True),
        Stage("faults", (*PYTEST, *faults), needs=("engine", "servers"), tests=True),
    ]


def chosen_tests(arguments: list[str], *, with_engine: bool) -> Stage:
    needs: tuple[Need, ...] = ("images", "browser") if with_engine else ()
    return Stage("tests", (*PYTEST, *arguments), needs=needs, tests=True)


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _program(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name(name)), *arguments)


def _javascript(path: Path) -> Stage:
    """Parsed as a module by the Node that Playwright brings, so none has to be installed."""
    import playwright  # noqa: PLC0415 - only here

    node = Path(playwright.__file__).parent / "driver" / "node"
    command = (str(node), "--input-type=module", "--check", "-")
    return Stage(f"node --check {path.relative_to(ROOT)}", command, stdin=path)
