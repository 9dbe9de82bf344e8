"""uv workspaces: members are installed from the root, with its lock and each other."""

import fnmatch
import re

from detection import values
from detection.place import Place
from detection.providers.python_install import Install


def uv_root(place: Place) -> Place | None:
    """The workspace that a folder is a member of."""
    path = place.path
    while path != ".":
        path = path.rpartition("/")[0] or "."
        above = Place(place.index, path)
        if above.has("pyproject.toml") and _is_member(above, place.path):
            return above
    return None


def _is_member(root: Place, path: str) -> bool:
    inside = path if root.path == "." else path.removeprefix(f"{root.path}/")
    said = values.table(root.toml("pyproject.toml"), "tool", "uv", "workspace")
    left_out = values.strings(said, "exclude")
    if any(fnmatch.fnmatchcase(inside, pattern) for pattern in left_out):
        return False
    return any(
        fnmatch.fnmatchcase(inside, pattern) and pattern.count("/") == inside.count("/")
        for pattern in values.strings(said, "members")
    )


def plan_member(place: Place, root: Place, *, name: str, extras: tuple[str, ...]) -> Install | None:
    """The whole tree is copied: an edited member is a dependency that has no release."""
    if not re.fullmatch(r"[\w.-]+", name):
        return None
    frozen = " --frozen" if root.has("uv.lock") else ""
    inside = place.path if root.path == "." else place.path.removeprefix(f"{root.path}/")
    facts = {
        "tool": "uv",
        "needs_source": "yes",
        "workspace_root": root.path,
        "workspace_path": inside,
    }
    if extras:
        facts["extra_packages"] = " ".join(extras)
    return Install(f"uv sync{frozen} --no-dev --package {name}", (), facts)
