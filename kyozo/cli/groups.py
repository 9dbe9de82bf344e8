"""Groups of commands in which `list` is another word for `ls`, and one may be many."""

from typing import Any

import typer
from typer.core import TyperGroup

OTHER_WORDS = {
    "list": "ls",
    "tokens": "token",
    "team": "teams",
    "member": "members",
    "invitation": "invitations",
}


class Group(TyperGroup):
    # Typer brings its own Click, so the context has no public name.
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, OTHER_WORDS.get(cmd_name, cmd_name))


def group(about: str) -> typer.Typer:
    return typer.Typer(cls=Group, help=about, no_args_is_help=True)
