"""What Skaffold and Tilt build: the images of a repository, each from a folder of its own."""

import re
from collections.abc import Iterator

from detection import values
from detection.hosting_said import Said
from detection.images import image_name
from detection.parsing import ParseError, parse_yaml_all
from detection.place import Place

_SKAFFOLD = ("skaffold.yaml", "skaffold.yml")
_TILT = re.compile(
    r"""docker_build\(\s*["']([^"']+)["']\s*,\s*["']([^"']+)["']"""
    r"""(?:[^()]*?\bdockerfile\s*=\s*["']([^"']+)["'])?"""
)


def built_images(place: Place) -> list[Said]:
    """One row an image, where one of the two files is here; a Dockerfile is relative to `path`."""
    return [*_skaffold(place)] or [*_tilt(place)]


def _skaffold(place: Place) -> Iterator[Said]:
    file = next((name for name in _SKAFFOLD if place.has(name)), None)
    if file is None:
        return
    try:
        documents = parse_yaml_all(place.text(file) or "")
    except ParseError:
        return
    for document in documents:
        for row in values.items(document, "build", "artifacts"):
            image = values.text(row, "image")
            if image:
                yield Said(
                    file,
                    name=image_name(image),
                    path=values.text(row, "context") or ".",
                    dockerfile=values.text(row, "docker", "dockerfile"),
                )


def _tilt(place: Place) -> Iterator[Said]:
    source = place.source("Tiltfile") if place.has("Tiltfile") else ""
    for match in _TILT.finditer(source):
        # Tilt means the Dockerfile from its own folder, Skaffold from the context.
        below = (match[3] or "").removeprefix("./").removeprefix(match[2].removeprefix("./") + "/")
        yield Said("Tiltfile", image_name(match[1]), match[2], dockerfile=below or None)
