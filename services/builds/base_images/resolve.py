"""Which image stands for "python 3.12": a public name, or a local one that satisfies it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from services.builds.base_images.recipes import local_ref
from services.builds.base_images.tools import TOOLS, Tool
from services.builds.base_images.versions import Alternatives, numbers, parse, satisfies
from services.errors import NotFoundError

IMAGE = re.compile(r"(?:docker\.io/)?(?:library/)?(?P<name>[a-z0-9./_-]+?)(?::(?P<tag>[\w.-]+))?")
PUBLIC_NAMES = {tool.pattern.partition(":")[0]: tool.name for tool in reversed(TOOLS.values())}


class UnknownToolError(NotFoundError):
    code = "image.unknown_tool"


class Source(StrEnum):
    REGISTRY = "registry"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Resolved:
    """`exact` is false where `ref` is only the nearest there is; `note` says so in words."""

    tool: str
    ref: str
    requested: str
    offered: str
    exact: bool = True
    note: str = ""


def resolve(tool: str, version: str | None, *, source: Source, mirror: str = "") -> Resolved:
    """`version` is what the app wrote, ranges included; None or "" when it names none."""
    row = TOOLS.get(tool)
    if row is None:
        raise UnknownToolError(
            f"there is no base image for {tool}", fix=f"Known: {', '.join(TOOLS)}"
        )
    requested = (version or "").strip()
    if source is Source.LOCAL:
        return _local(row, requested)
    return _public(row, requested, mirror)


def tool_of(image: str) -> tuple[str, str] | None:
    """The tool and version of a public image name: postgres:16-alpine is ("postgres", "16")."""
    match = IMAGE.fullmatch(image)
    if match is None or match["name"] not in PUBLIC_NAMES:
        return None
    version = re.match(r"\d+(?:\.\d+)*", match["tag"] or "")
    return PUBLIC_NAMES[match["name"]], version[0] if version else ""


def _local(row: Tool, requested: str) -> Resolved:
    offers = [offer.version for offer in row.offers]
    asked = parse(requested)
    fitting = _fitting(row, offers, asked)
    if fitting:
        return Resolved(
            row.name,
            local_ref(row.name, fitting),
            requested,
            fitting,
            note=_patch_note(row, requested, fitting),
        )
    nearest = _nearest(offers, requested)
    return Resolved(
        row.name,
        local_ref(row.name, nearest),
        requested,
        nearest,
        exact=False,
        note=f"{row.name} {requested} cannot be made here; the nearest is {nearest}"
        f" (there are {', '.join(sorted(offers, key=numbers))})",
    )


def _fitting(row: Tool, versions: list[str], asked: Alternatives | None) -> str | None:
    """The first that is inside; for a tool that grows, else the oldest that is newer than asked."""
    if asked is None:
        return None
    for version in versions:
        if satisfies(version, asked, precision=row.precision, loose_tilde=row.loose_tilde):
            return version
    if not row.grows or any(sign not in {"", "=", "=="} for group in asked for sign, _ in group):
        return None
    newer = [
        v for v in versions if numbers(v) >= max(bound for group in asked for _, bound in group)
    ]
    return min(newer, key=numbers, default=None)


def _patch_note(row: Tool, requested: str, offered: str) -> str:
    asked = requested.lstrip("v")
    if re.fullmatch(r"\d+(\.\d+)*", asked) and not (asked + ".").startswith(offered + "."):
        return f"{row.name} {offered} builds what {requested} builds"
    if re.fullmatch(r"\d+(\.\d+)+", asked) and len(numbers(asked)) > len(numbers(offered)):
        return f"{row.name} {offered} in its newest patch, not exactly {requested}"
    return ""


def _nearest(versions: list[str], requested: str) -> str:
    found = re.search(r"\d+(?:\.\d+)*", requested)
    if found is None:
        return versions[0]
    major, minor = (*numbers(found[0]), 0, 0)[:2]

    def distance(version: str) -> tuple[int, bool, int]:
        """Within a major version the next newer one: what it drops was long deprecated."""
        own = (*numbers(version), 0)[:2]
        return abs(own[0] - major), own < (major, minor), abs(own[1] - minor)

    return min(versions, key=distance)


def _public(row: Tool, requested: str, mirror: str) -> Resolved:
    """A plain version is taken at its word; of a range, the first known version inside it."""
    asked = parse(requested)
    plain = re.fullmatch(r"v?(\d+(?:\.\d+)*)", requested)
    if plain:
        offered = ".".join(plain[1].split(".")[: row.precision])
    else:
        offered = _fitting(row, list(row.public_versions), asked) or ""
    name = row.pattern.replace(
        "{version}", offered or _nearest(list(row.public_versions), requested)
    )
    ref = f"{mirror.rstrip('/')}/{_qualified(name)}" if mirror else name
    if offered:
        return Resolved(row.name, ref, requested, offered)
    note = f"{requested!r} names no known version of {row.name}; {name} is the nearest"
    return Resolved(row.name, ref, requested, name.partition(":")[2], exact=False, note=note)


def _qualified(name: str) -> str:
    """A mirror keeps official images below library/."""
    return name if "/" in name else f"library/{name}"
