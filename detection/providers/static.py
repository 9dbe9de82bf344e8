"""Static sites without a build: folders of HTML, and what a Staticfile declares."""

import re
from dataclasses import dataclass

from detection import values
from detection.finding import Finding, Notes
from detection.parsing import ParseError, parse_yaml
from detection.place import Place

_ROOTS = (
    "public",
    "dist",
    "build",
    "static",
    "site",
    "www",
    "htdocs",
    "_site",
    "html",
    "src",
    "out",
)
_INDEX = ("index.html", "index.htm")


@dataclass(frozen=True, slots=True)
class StaticProvider:
    manifests: frozenset[str] = frozenset({"Staticfile"})

    def examine(self, place: Place) -> Finding | None:
        notes = Notes(place)
        root = _declared_root(place, notes) or _found_root(place, notes)
        if root is None:
            return None
        return Finding(
            service_type="static",
            language="html",
            role="site",
            evidence=tuple(notes.evidence),
            warnings=tuple(notes.warnings),
            port=8080,
            health_endpoint="/",
            output_directory=root,
            single_page=_is_single_page(place, root),
        )


def _declared_root(place: Place, notes: Notes) -> str | None:
    if not place.has("Staticfile"):
        return None
    notes.saw("manifest", "Staticfile", "a static site by declaration", weight=0.9)
    try:
        declared = values.text(parse_yaml(place.text("Staticfile") or ""), "root")
    except ParseError:
        return "."
    return _inside(declared) if declared else _first_index(place) or "."


def _found_root(place: Place, notes: Notes) -> str | None:
    root = _first_index(place)
    if root is not None:
        notes.saw(
            "index-page", f"{root}/index.html".removeprefix("./"), "a page to serve", weight=0.6
        )
        return root
    pages = place.ending(".html", ".htm")
    if not pages:
        return None
    notes.saw("pages", pages[0], "HTML without an index page", weight=0.4)
    return "."


def _first_index(place: Place) -> str | None:
    if place.find(*_INDEX):
        return "."
    for folder in _ROOTS:
        if any(place.has(f"{folder}/{name}") for name in _INDEX):
            return folder
    return None


def _inside(path: str) -> str:
    parts = [part for part in path.split("/") if part not in {"", "."}]
    return "." if not parts or ".." in parts else "/".join(parts)


def _is_single_page(place: Place, root: str) -> bool:
    """One page with a mount point for a script: unknown paths are its own routes."""
    folder = place.index.directory(place.full(root) if root != "." else place.path)
    pages = [name for name in folder.files if name.endswith((".html", ".htm"))]
    if pages != ["index.html"]:
        return False
    source = place.source("index.html" if root == "." else f"{root}/index.html")
    return bool(re.search(r"""<div\s+id=["'](?:root|app|__next|svelte)["']\s*>\s*</div>""", source))
