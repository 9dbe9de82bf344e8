"""`kyozo images`: the base images that Dockerfiles begin with."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from kyozo import env
from kyozo.cli.errors import USAGE, CliError
from kyozo.cli.groups import group
from kyozo.cli.local import find_engine
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session, session_of

if TYPE_CHECKING:
    from services.builds.base_images.workshop import Workshop

images = group("List, make and fetch base images.")

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="python, node:22, ...")]
MIB = 1024 * 1024


@images.command("ls")
def list_(ctx: typer.Context) -> None:
    """List the base images: what can be made here, and what is here.

    \b
    Examples:
      kyozo images ls
    """
    session = session_of(ctx)
    from services.builds.base_images import catalogue  # noqa: PLC0415 - for these commands only

    found = catalogue.list_images(shop=_workshop(session))
    if session.screen.is_json:
        columns = ("ref", "tool", "version", "source", "is_present", "is_current", "size_bytes")
        session.screen.emit([{name: getattr(row, name) for name in columns} for row in found])
        return
    rows = [
        (row.ref, row.source, _state(row.is_present, row.is_current), _size(row.size_bytes))
        for row in found
    ]
    session.screen.table(["IMAGE", "FROM", "STATE", "SIZE"], rows)


@images.command()
def build(
    ctx: typer.Context,
    names: Names,
    fresh: Annotated[bool, typer.Option("--fresh", help="Anew, with today's packages.")] = False,
) -> None:
    """Make base images on this machine, without a registry.

    \b
    Examples:
      kyozo images build python node:22
    """
    session = session_of(ctx)
    from services.builds.base_images import catalogue  # noqa: PLC0415

    made = catalogue.build(names, shop=_workshop(session), log=session.screen.say, fresh=fresh)
    _show_made(session, made)


@images.command()
def pull(ctx: typer.Context, names: Names) -> None:
    """Fetch the public images of the same names from a registry.

    \b
    Examples:
      kyozo images pull python:3.13
    """
    session = session_of(ctx)
    from services.builds.base_images import catalogue  # noqa: PLC0415

    mirror = env.text("KYOZO_IMAGE_MIRROR")
    shop = _workshop(session)
    made = catalogue.pull(names, shop=shop, log=session.screen.say, mirror=mirror)
    _show_made(session, made)


@images.command("map")
def map_(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(help="The image as Dockerfiles name it.")] = "",
    target: Annotated[str, typer.Argument(help="The image to use instead.")] = "",
    remove: Annotated[bool, typer.Option("--rm", help="Forget this mapping.")] = False,
) -> None:
    """Use one image in place of another in this team's builds. Without names: list the mappings.

    \b
    Examples:
      kyozo images map python:3.12-slim kyozo/python:3.11
      kyozo images map python:3.12-slim --rm
      kyozo images map
    """
    session = session_of(ctx)
    api = session.api
    path = api.team_path("/image-mappings")
    if remove and source:
        api.delete(path, source=source)
    elif source and target:
        api.call("PUT", path, body={"source": source, "target": target})
    elif source or remove:
        raise CliError("give both images, or one and --rm", status=USAGE)
    found = api.get(path)
    if session.screen.is_json:
        session.screen.emit(found)
    elif found:
        session.screen.table(["IMAGE", "USES"], [(row["source"], row["target"]) for row in found])
    else:
        session.screen.say("no image is mapped")


def _workshop(session: Session) -> "Workshop":
    from services.builds.base_images.workshop import Workshop  # noqa: PLC0415
    from services.builds.client import DockerCli, find_client  # noqa: PLC0415

    environ = dict(os.environ)
    url = env.text("KYOZO_ENGINE_URL") or find_engine(session, environ).url
    docker = DockerCli(find_client(environ), engine_url=url, environ=environ)
    return Workshop(docker=docker, state_dir=session.state.root, environ=environ)


def _show_made(session: Session, made: dict[str, str]) -> None:
    if session.screen.is_json:
        session.screen.emit(made)
        return
    for ref, image_id in made.items():
        session.screen.say(f"{one_line(ref)}  {image_id[:19]}")


def _state(is_present: bool, is_current: bool) -> str:
    if not is_present:
        return ""
    return "ok" if is_current else "recipe changed"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / MIB:.0f} MB" if size_bytes else ""
