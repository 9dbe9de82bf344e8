"""Workspaces: which folders belong to one repository-wide install, and who is at its top."""

import fnmatch

from detection import values
from detection.place import Place


def workspace_patterns(place: Place) -> list[str]:
    """The member patterns that a JavaScript workspace root declares, exclusions included."""
    data = place.json("package.json") if place.has("package.json") else None
    patterns = values.strings(data, "workspaces") or values.strings(data, "workspaces", "packages")
    if not patterns and place.has("pnpm-workspace.yaml"):
        # The file may hold settings only: then there are no members.
        patterns = values.strings(place.yaml("pnpm-workspace.yaml"), "packages")
    if not patterns and place.has("lerna.json"):
        patterns = values.strings(place.json("lerna.json"), "packages")
    return [pattern.removeprefix("./").rstrip("/") for pattern in patterns]


def is_member(root: Place, path: str) -> bool:
    """Whether `path`, relative to the analysed folder, is a member of the workspace at `root`."""
    inside = path if root.path == "." else path.removeprefix(f"{root.path}/")
    patterns = workspace_patterns(root)
    if any(p.startswith("!") and _matches(inside, p[1:]) for p in patterns):
        return False
    return any(_matches(inside, p) for p in patterns if not p.startswith("!"))


def required_by_members(root: Place) -> frozenset[str]:
    """Packages that members of the workspace at `root` require: those among them are libraries."""
    found: set[str] = set()
    for path in root.index.tree:
        member = Place(root.index, path)
        if path != root.path and member.has("package.json") and is_member(root, path):
            document = member.json("package.json")
            for key in ("dependencies", "devDependencies"):
                found.update(values.table(document, key))
    return frozenset(found)


def _matches(path: str, pattern: str) -> bool:
    if pattern.endswith("**"):
        return fnmatch.fnmatchcase(path, pattern)
    return path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)


def workspace_root(place: Place) -> Place | None:
    """The workspace a folder is a member of, if any folder above it is a workspace root."""
    path = place.path
    while path != ".":
        path = path.rpartition("/")[0] or "."
        above = Place(place.index, path)
        if is_member(above, place.path):
            return above
    return None
