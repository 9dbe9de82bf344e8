"""The command `python -m detection`: a report, JSON lines, or the files made from it."""

import argparse
import io
import json
import os
import sys
from pathlib import Path

from detection import (
    Analysis,
    NotRenderableError,
    analyze,
    compose_files,
    render_dockerfile,
    to_json,
    write_toml,
)
from detection.compose_out import COMPOSE
from detection.errors import DetectionError

FOUND, FAILED, USAGE, NOTHING = 0, 1, 2, 3


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 found, 3 nothing deployable in at least one folder, 1 error, 2 usage.

    A folder that cannot be looked at does not keep the others from it: as JSON it has its line.
    """
    options = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal's encoding lacks is no reason to fail.
        sys.stdout.reconfigure(errors="replace")
    status = [_one(folder, options.form) for folder in options.folders]
    return next((code for code in (FAILED, NOTHING) if code in status), FOUND)


def _one(folder: Path, form: str | None) -> int:
    try:
        found = analyze(folder)
    except DetectionError as exc:
        sys.stderr.write(f"{exc.code}: {exc}\n")
        if form == "json":
            error = {"code": exc.code, "message": str(exc)}
            print(json.dumps({"folder": _name(folder), "error": error}))  # noqa: T201
        return FAILED
    show(found, form)
    return FOUND if found.is_deployable else NOTHING


def _name(folder: Path) -> str:
    return os.fsencode(folder).decode(errors="replace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m detection", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json",
        dest="form",
        action="store_const",
        const="json",
        help="one JSON object a line, in the order of the folders",
    )
    form.add_argument(
        "--dockerfile",
        dest="form",
        action="store_const",
        const="dockerfile",
        help="the Dockerfile of each service",
    )
    form.add_argument(
        "--compose",
        dest="form",
        action="store_const",
        const="compose",
        help="a compose.yaml for all services, and the files its builds need",
    )
    form.add_argument(
        "--toml",
        dest="form",
        action="store_const",
        const="toml",
        help="a kyozo.toml that says the same, to keep and edit",
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    return parser


def show(found: Analysis, form: str | None) -> None:
    """As a report; `form` json, dockerfile, compose or toml instead."""
    if form == "json":
        print(json.dumps(to_json(found)))  # noqa: T201 - this is the command's output
    elif form == "dockerfile":
        _show_dockerfiles(found)
    elif form == "compose":
        _show_compose(found)
    elif form == "toml":
        sys.stdout.write(write_toml(found))
    else:
        from detection.report import print_report  # noqa: PLC0415 - rich is slow to import

        print_report(found)


def _show_compose(found: Analysis) -> None:
    """The compose file as it is; what lies beside it follows as comments, so all of it is YAML."""
    for path, text in compose_files(found).items():
        if path.endswith(COMPOSE):
            sys.stdout.write(text)
            continue
        sys.stdout.write(f"\n# {path}\n" + "".join(f"#   {line}\n" for line in text.splitlines()))


def _show_dockerfiles(found: Analysis) -> None:
    for service in found.services:
        print(f"# service {service.name}, folder {service.path}")  # noqa: T201
        try:
            print(render_dockerfile(service).dockerfile)  # noqa: T201
        except NotRenderableError as exc:
            print(f"# {exc}")  # noqa: T201


def run() -> int:
    """As `main`, and quietly where nobody reads on: `python -m detection FOLDER | head`."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return status


if __name__ == "__main__":
    sys.exit(run())
