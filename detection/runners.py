"""`poetry run`, `uv run` and their like in commands of an image, which has the environment on PATH.

The image that runs has no installer, so the words are left out where that changes nothing, and the
installer comes along where it does: its own scripts, and options of its own.
"""

import re
from collections.abc import Collection, Iterable

_RUN = re.compile(
    r"(?P<before>^|(?:&&|;|\|\|) {0,9})(?P<tool>uv|poetry|pdm|pipenv)"
    r" {1,9}run {1,9}(?P<word>[^\s;&|]+)"
)
# Their scripts are tables of their manifests, which any word may be of.
_HAVE_SCRIPTS = frozenset({"pdm", "pipenv"})


def without_runner(command: str, *, scripts: Collection[str] = ()) -> str:
    """`scripts` are those of the project, which only its installer finds."""

    def plain(match: re.Match[str]) -> str:
        word = match["word"]
        if match["tool"] in _HAVE_SCRIPTS or word in scripts or word.startswith("-"):
            return match[0]
        is_file = match["tool"] == "uv" and word.endswith(".py")
        return f"{match['before']}{'python ' if is_file else ''}{word}"

    return _RUN.sub(plain, command)


def is_called(tool: str, commands: Iterable[str]) -> bool:
    """Whether a command asks for the installer itself."""
    named = re.compile(rf"(?:^|[\s;&|(]){re.escape(tool)}(?=\s|$)")
    return any(named.search(command) for command in commands)
