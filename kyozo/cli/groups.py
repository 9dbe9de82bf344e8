"""Groups of commands in which `list` is another word for `ls`."""

from typing import Any

import typer
from typer.core import TyperGroup


class Group(TyperGroup):
    # Typer brings its own Click, so the context has no public name.
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, "ls" if cmd_name == "list" else cmd_name)


def group(about: str) -> typer.Typer:
    return typer.Typer(cls=Group, help=about, no_args_is_help=True)
