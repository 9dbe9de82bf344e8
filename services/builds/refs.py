"""Image names in a Dockerfile: their full form, variables in them, and what they are mapped to."""

import re
import shlex
from collections.abc import Mapping

from services.builds.words import refused

MOST = 500
LONGEST = MOST + 1  # of what is put together; one too many, so that nothing cut passes for a name
LONGEST_ARG = 16 * 1024
_HOST = r"[A-Za-z0-9]+(?:(?:\.|-+)[A-Za-z0-9]+)*(?::[0-9]{1,5})?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_END = r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
REF = re.compile(rf"(?!sha256:)(?:{_HOST}/)?{_PART}(?:/{_PART})*{_END}")
VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^${}]*))?\})", re.ASCII)
PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64"}
HUB = "docker.io"
HUB_BEFORE = "index.docker.io"  # the only other name of it that engines read so, and only like this


def is_ref(text: str) -> bool:
    """A name of an image. An id, or the beginning of one, is none."""
    return len(text) <= MOST and REF.fullmatch(text) is not None


def full_name(ref: str) -> str:
    """`python` -> `docker.io/library/python:latest`: one name, however it was written."""
    host, slash, path = ref.partition("/")
    if not slash or not _is_host(host):
        host, path = HUB, ref
    elif host == HUB_BEFORE:
        host = HUB
    if host == HUB and "/" not in path:
        path = f"library/{path}"
    if "@" not in path and ":" not in path.rpartition("/")[2]:
        path = f"{path}:latest"
    return f"{host}/{path}"


def _is_host(word: str) -> bool:
    """Names of images are lower case, so what is not can only be a host."""
    return word == "localhost" or word != word.lower() or "." in word or ":" in word


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

    if len(word) > MOST:
        raise refused(line, "the image in FROM has too long a name")

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

    expanded = VARIABLE.sub(value, word)[:LONGEST]
    if 1 < len(expanded) <= MOST and expanded[0] == expanded[-1] and expanded[0] in "\"'":
        expanded = expanded[1:-1]
    return expanded


def read_arg(text: str, values: dict[str, str], given: Mapping[str, str]) -> None:
    """Take an ARG from before the first FROM into `values`; a given build argument wins.

    Each value may be ten of the one before, so all are cut."""
    if len(text) > LONGEST_ARG:
        return
    try:
        words = shlex.split(text)
    except ValueError:
        return
    for word in words:
        name, has_default, default = word.partition("=")
        if name in given:
            values[name] = given[name][:LONGEST]
        elif has_default:
            values[name] = filled(default, values)


def filled(text: str, values: Mapping[str, str]) -> str:
    """With values in the place of variables, where what has none is empty; cut, see `read_arg`."""
    known = VARIABLE.sub(lambda m: values.get(m[1] or m[2], m[4] or ""), text[:LONGEST])
    return known[:LONGEST]


def is_platform(asked: str, platform: str) -> bool:
    """Whether somebody means this system and processor; `amd64` alone will do."""
    system, arch = platform.split("/")[:2]
    words = asked.lower().split("/")
    if len(words) == 1:
        words = [system, *words]
    return [words[0], PROCESSORS.get(words[1], words[1])] == [system, arch]


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
