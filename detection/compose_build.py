"""What a compose service is made of: a folder of this tree, this folder's own image, or another."""

from collections.abc import Mapping
from dataclasses import replace

from detection import values
from detection.assemble import Survey, Surveyor, build_service, with_dockerfile
from detection.compose_file import ComposeProject, ComposeService, inside
from detection.dockerfile import Dockerfile, parse_dockerfile
from detection.model import DetectedService, Evidence
from detection.naming import service_name
from detection.place import Place


def context(project: ComposeProject, written: ComposeService) -> str | None:
    """The build context, relative to the analysed folder; None without one inside it."""
    build = values.dig(written.data, "build")
    path = build if isinstance(build, str) else values.text(build, "context") or "."
    if build is None:
        return None
    expanded, _ = project.expand(path)
    start = project.place.full(written.folder) if written.folder != "." else project.place.path
    return inside(start if start != "." else "", expanded)


def built(
    project: ComposeProject, written: ComposeService, survey: Surveyor
) -> DetectedService | None:
    path = context(project, written)
    if path is None:
        return None
    # A context that is not here (vendor/, another repository) builds what mounts this folder.
    here = path if path in project.place.index.tree else project.place.path
    place = Place(project.place.index, here)
    build = values.dig(written.data, "build")
    target = values.text(build, "target")
    dockerfile = _dockerfile(project, place, values.table(build), target=target)
    looked = survey(place)
    if dockerfile is not None:
        beside = _beside(place, dockerfile, survey, name=written.name)
        looked = replace(beside or looked, dockerfile=None)
    found = build_service(looked, name=service_name(written.name))
    if dockerfile is not None:
        found = with_dockerfile(found, dockerfile, looked.place)
        found = replace(found, build_context=here)
    arguments = pairs(project, values.dig(build, "args"))
    return replace(
        found,
        build_target=target,
        build_args={name: value for name, (value, missing) in arguments.items() if not missing},
    )


def published(
    project: ComposeProject, written: ComposeService, survey: Surveyor
) -> DetectedService | None:
    """The application of this very folder, which compose runs from the image it is published as.

    Recognised by its name below a namespace: `acme/shop:2` in the folder, or the package, `shop`.
    """
    looked = survey(project.place)
    image = image_of(project, written) or ""
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    is_strong = looked.dockerfile or (looked.finding and looked.finding.role == "server")
    if "/" not in image or not is_strong or service_name(name) not in looked.names:
        return None
    detail = f"image {image} is what this folder is published as: built from here"
    found = build_service(looked, name=service_name(written.name))
    evidence = Evidence("own-image", written.file, detail, 0.9)
    return replace(found, evidence=(evidence, *found.evidence))


def _beside(place: Place, dockerfile: Dockerfile, survey: Surveyor, *, name: str) -> Survey | None:
    """The folder of a Dockerfile that is built from further up, where its application lies.

    A folder called like the service is its own, even where nothing in it is recognised.
    """
    folder = dockerfile.path.rpartition("/")[0] or "."
    if folder == place.path:
        return None
    looked = survey(Place(place.index, folder))
    is_its_own = service_name(folder.rpartition("/")[2]) == service_name(name)
    return looked if looked.finding or is_its_own else None


def _dockerfile(
    project: ComposeProject, place: Place, build: values.Table, *, target: str | None
) -> Dockerfile | None:
    """The Dockerfile compose names, or the usual one when only its target is another."""
    if values.text(build, "dockerfile_inline"):
        return None
    written, _ = project.expand(values.text(build, "dockerfile") or "Dockerfile")
    name = inside("" if place.path == "." else place.path, written)
    if name is None or not place.index.has(name):
        return None
    return parse_dockerfile(name, place.index.source(name), target=target)


def ready(project: ComposeProject, written: ComposeService) -> DetectedService:
    image = image_of(project, written)
    return DetectedService(
        name=service_name(written.name),
        path=project.place.path,
        service_type="docker",
        image=image,
        build_context=project.place.path,
        confidence=0.95 if image else 0.3,
    )


def image_of(project: ComposeProject, written: ComposeService) -> str | None:
    image = values.text(written.data, "image")
    return project.expand(image)[0] if image else None


def pairs(project: ComposeProject, written: object) -> dict[str, tuple[str, bool]]:
    """A map, or a list of NAME=value, as name -> (value, nothing gives it one)."""
    found: dict[str, tuple[str, bool]] = {}
    if isinstance(written, Mapping):
        for name, value in values.table(written).items():
            text = values.text({"value": value}, "value")
            found[name] = project.expand(text) if text is not None else ("", value is None)
        return found
    for item in values.strings(written):
        name, equals, value = item.partition("=")
        found[name] = project.expand(value) if equals else project.expand(f"${{{name}}}")
    return found
