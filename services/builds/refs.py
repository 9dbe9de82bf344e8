"""Image names in a Dockerfile: their full form, variables in them, and what they are mapped to."""

import re
import shlex
from collections.abc import Mapping

from services.builds.words import refused

REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,500}")
VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^${}]*))?\})", re.ASCII)
HUB = "docker.io"


def is_ref(text: str) -> bool:
    return REF.fullmatch(text) is not None and "//" not in text


def full_name(ref: str) -> str:
    """`python` -> `docker.io/library/python:latest`."""
    first, slash, rest = ref.partition("/")
    if not slash:
        ref = f"{HUB}/library/{ref}"
    elif "." not in first and ":" not in first and first != "localhost":
        ref = f"{HUB}/{ref}"
    elif first in {"index.docker.io", HUB} and "/" not in rest:
        ref = f"{HUB}/library/{rest}"
    if "@" in ref or ":" in ref.rpartition("/")[2]:
        return ref
    return f"{ref}:latest"


def find_mapping(ref: str, mapping: Mapping[str, str]) -> str | None:
    """What a name is mapped to. `python:*` in the table speaks for every tag of it."""
    wanted = full_name(ref)
    name, _, tag = wanted.partition("@")[0].rpartition(":")
    by_name = {full_name(key): value for key, value in mapping.items()}
    found = by_name.get(wanted) or by_name.get(f"{name}:*")
    return found.replace("*", tag) if found else None


def through_mirror(ref: str, mirror: str) -> str:
    """A name of the public hub as the mirror calls it; other registries are left alone."""
    full = full_name(ref)
    if not mirror or not full.startswith(f"{HUB}/"):
        return ref
    return f"{mirror.rstrip('/')}/{full.removeprefix(f'{HUB}/')}"


def expand(word: str, values: Mapping[str, str], line: int) -> str:
    """Replace variables by values; what is neither known nor has a default is refused."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        known = values.get(name)
        operator, other = match[3] or "", match[4] or ""
        is_set = bool(known) if operator.startswith(":") else known is not None
        if operator.endswith("+"):
            return other if is_set else ""
        if operator.endswith("-") and not is_set:
            return other
        if not known:
            raise refused(
                line,
                f"the variable {name} in FROM has no value",
                fix=f"Give it a default (ARG {name}=... at the top) or a build argument.",
            )
        return known

    expanded = VARIABLE.sub(value, word)
    if len(expanded) > 1 and expanded[0] == expanded[-1] and expanded[0] in "\"'":
        expanded = expanded[1:-1]
    if not is_ref(expanded):
        raise refused(line, f"{expanded[:100]!r} is not an image name")
    return expanded


def read_arg(text: str, values: dict[str, str], given: Mapping[str, str]) -> None:
    """Take an ARG from before the first FROM into `values`; a given build argument wins."""
    try:
        words = shlex.split(text)
    except ValueError:
        return
    for word in words:
        name, has_default, default = word.partition("=")
        if name in given:
            values[name] = given[name]
        elif has_default:
            values[name] = VARIABLE.sub(lambda m: values.get(m[1] or m[2], m[4] or ""), default)


def platform_values(platform: str) -> dict[str, str]:
    """The variables BuildKit sets by itself, for `FROM image-${TARGETARCH}`."""
    if not platform:
        return {}
    system, _, rest = platform.partition("/")
    arch, _, variant = rest.partition("/")
    return {
        f"{side}{name}": value
        for side in ("TARGET", "BUILD")
        for name, value in {
            "PLATFORM": platform,
            "OS": system,
            "ARCH": arch,
            "VARIANT": variant,
        }.items()
    }
