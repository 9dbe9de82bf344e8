"""`RUN <<EOF` written without a heredoc, which the builder of an engine before 23 does not know.

The text becomes the shell's one argument, as BuildKit's own frontend does it; its order of cases is
kept: a lone heredoc is a script, one that begins with `#!` a program, any other is for the shell.
COPY and ADD with a heredoc stay as they are: they take variables from the builder.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from services.builds.dockerfile import Instruction
from services.builds.heredoc import PLAIN
from services.builds.words import split_flags

DEFAULT_SHELL = ("/bin/sh", "-c")
# Builders before 23 read no longer line.
LONGEST_LINE = 65_000
# Not in /dev/shm, which may not be executable.
AS_PROGRAM = (
    'printf %s "$1" > /tmp/.kyozo-run && chmod 700 /tmp/.kyozo-run && /tmp/.kyozo-run'
    " && rm /tmp/.kyozo-run"
)


def without_heredocs(instructions: Iterable[Instruction]) -> Iterator[Instruction]:
    """The same instructions, on the same lines."""
    shells = _Shells()
    for one in instructions:
        shells.see(one)
        yield _plain(one, shells.now) if one.keyword == "RUN" and one.body else one


@dataclass(slots=True)
class _Shells:
    """What SHELL says at each point; a stage goes on with the shell of the one it is made from."""

    now: tuple[str, ...] = DEFAULT_SHELL
    stage: str = ""
    at_end: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def see(self, one: Instruction) -> None:
        if one.keyword == "FROM":
            words = [*one.arguments.lower().split(), "", ""]
            self.now, self.stage = self.at_end.get(words[0], DEFAULT_SHELL), words[2]
        elif one.keyword == "SHELL":
            self.now = _words(one.text) or self.now
        if self.stage:
            self.at_end[self.stage] = self.now


def _words(text: str) -> tuple[str, ...]:
    """Empty for what is no list of words; the builder says so itself."""
    try:
        said = json.loads(text)
    except ValueError:
        return ()
    is_list = isinstance(said, list) and all(isinstance(word, str) for word in said)
    return tuple(said) if is_list else ()


def _plain(one: Instruction, shell: tuple[str, ...]) -> Instruction:
    command = one.arguments
    lone = PLAIN.fullmatch(command)
    if lone is None:
        argv = [*shell, "\n".join([command, *one.body])]
    else:
        lines = [line.lstrip("\t") if lone[1] else line for line in one.body[:-1]]
        script = "".join(f"{line}\n" for line in lines)
        is_program = script.startswith("#!")
        argv = [*DEFAULT_SHELL, AS_PROGRAM, "sh", script] if is_program else [*shell, script]
    flags = one.text[: len(one.text) - len(split_flags(one.text, one.line)[1])]
    text = flags + json.dumps(argv)
    return replace(one, text=text, body=()) if len(text) <= LONGEST_LINE else one
