"""`kyozo completion`: what a shell needs to complete commands and options."""

import os
from enum import StrEnum
from typing import Annotated

import typer

COMPLETE_VARIABLE = "_KYOZO_COMPLETE"


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def prepare() -> None:
    """When a shell asks for completions: typer knows its shells only once it is told to."""
    if COMPLETE_VARIABLE in os.environ:
        # Not exported; without it typer would add two options of its own to every help.
        from typer._completion_classes import completion_init  # noqa: PLC0415

        completion_init()


def completion(
    shell: Annotated[Shell, typer.Argument(help="Which shell.")],
) -> None:
    """Print a shell's completion script.

    \b
    Examples:
      kyozo completion bash >> ~/.bashrc
      kyozo completion zsh >> ~/.zshrc
      kyozo completion fish > ~/.config/fish/completions/kyozo.fish
    """
    from typer._completion_shared import (  # noqa: PLC0415 - not exported, for here only
        get_completion_script,
    )

    script = get_completion_script(
        prog_name="kyozo", complete_var=COMPLETE_VARIABLE, shell=shell.value
    )
    typer.echo(script)
