"""`kyozo completion`: what a shell needs to complete commands and options."""

from enum import StrEnum
from typing import Annotated

import typer

COMPLETE_VARIABLE = "_KYOZO_COMPLETE"


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


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
