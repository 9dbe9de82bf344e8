"""Base images: one table of public names, and how a version asked for becomes a tag."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

BaseResolver = Callable[[str, str | None], str]


@dataclass(frozen=True, slots=True)
class BaseImage:
    """`pattern` has {version}; `depth` is how many numbers of a version its tags carry.

    `known` lists releases that are in use, newest first, for ranges that the default is not in.
    """

    tool: str
    pattern: str
    default: str
    depth: int = 2
    known: tuple[str, ...] = ()


BASE_IMAGES = {
    image.tool: image
    for image in (
        BaseImage(
            "python",
            "python:{version}-slim-bookworm",
            "3.13",
            known=("3.14", "3.13", "3.12", "3.11", "3.10", "3.9", "3.8"),
        ),
        BaseImage(
            "node",
            "node:{version}-bookworm-slim",
            "22",
            depth=1,
            known=("24", "22", "20", "18", "16", "14"),
        ),
        BaseImage("go", "golang:{version}-bookworm", "1.25"),
        BaseImage("rust", "rust:{version}-slim-bookworm", "1.90"),
        BaseImage("java", "eclipse-temurin:{version}-jdk-noble", "21", depth=1),
        BaseImage("jre", "eclipse-temurin:{version}-jre-noble", "21", depth=1),
        BaseImage("maven", "maven:3.9-eclipse-temurin-{version}-noble", "21", depth=1),
        BaseImage("gradle", "gradle:8-jdk{version}-noble", "21", depth=1),
        BaseImage(
            "ruby",
            "ruby:{version}-slim-bookworm",
            "3.4",
            known=("3.4", "3.3", "3.2", "3.1", "3.0", "2.7"),
        ),
        BaseImage(
            "php",
            "php:{version}-cli-bookworm",
            "8.4",
            known=("8.4", "8.3", "8.2", "8.1", "8.0", "7.4"),
        ),
        BaseImage("composer", "composer:{version}", "2", depth=1),
        BaseImage("static", "nginx:{version}-bookworm", "1.28"),
        BaseImage("debian", "debian:{version}-slim", "bookworm", depth=1),
    )
}


def public_base(tool: str, version: str | None) -> str:
    """The public image of a tool, at the version asked for or at the table's default.

    A resolver gets the version as the project asked for it: `3.12`, `20.x`, `20.11.1`, or `>=18`
    where any newer one will do; `best_version` picks one of those that can be had.
    """
    image = BASE_IMAGES[tool]
    return image.pattern.replace("{version}", tag_version(tool, version))


def tag_version(tool: str, version: str | None) -> str:
    """'20.x' and 'v20.11.1' as a tag of this tool's image carries them."""
    image = BASE_IMAGES[tool]
    if version and version.startswith(">="):
        version = best_version(version, (image.default, *image.known)) or version
    found = numbers(version or "")[: image.depth]
    return ".".join(map(str, found)) or image.default


def best_version(asked: str | None, available: Sequence[str]) -> str | None:
    """The first of `available` that satisfies what was asked; anything satisfies None.

    Where only others of that major version are there, the next newer one stands in: code for 3.12
    more often runs on 3.13 than on 3.11.
    """
    wanted = numbers(asked or "")
    for version in available:
        has = numbers(version)
        shared = min(len(has), len(wanted))
        if (asked or "").startswith(">="):
            if has[:shared] >= wanted[:shared]:
                return version
        elif has[:shared] == wanted[:shared]:
            return version
    newer = [v for v in available if numbers(v)[:1] == wanted[:1] and numbers(v) > wanted]
    return min(newer, key=numbers, default=None)


def numbers(version: str) -> tuple[int, ...]:
    found = re.search(r"\d+(?:\.\d+)*", version)
    return tuple(int(part[:9]) for part in found[0].split(".")) if found else ()
