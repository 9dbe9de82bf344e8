"""`kyozo analyze`: what a folder holds; needs no platform and no engine."""

from pathlib import Path
from typing import Annotated

import typer

from kyozo.cli.errors import FAILED
from kyozo.cli.session import session_of


def analyze(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder with the code.")] = Path(),
    dockerfile: Annotated[
        bool, typer.Option("--dockerfile", help="Print the Dockerfile of each service.")
    ] = False,
    compose: Annotated[
        bool, typer.Option("--compose", help="Print a compose.yaml for all services.")
    ] = False,
    toml: Annotated[
        bool, typer.Option("--toml", help="Print a kyozo.toml that says the same.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write Dockerfiles, or what is named, to be kept.")
    ] = False,
) -> None:
    """Say which services live in a folder, and why.

    \b
    Examples:
      kyozo analyze ~/shop
      kyozo analyze ~/shop --dockerfile
      kyozo analyze ~/shop --write
      kyozo analyze ~/shop --compose --write
    """
    session = session_of(ctx)
    # Detection brings its tables along; no other command needs them.
    from detection.__main__ import show  # noqa: PLC0415
    from kyozo.cli.dockerfiles import look, write_all  # noqa: PLC0415

    asked = {"dockerfile": dockerfile, "compose": compose, "toml": toml}
    form = next((name for name, is_asked in asked.items() if is_asked), None)
    found = look(folder)
    if write:
        write_all(session, folder, found, form=form)
        return
    show(found, "json" if session.screen.is_json else form)
    if not found.is_deployable:
        raise typer.Exit(FAILED)
