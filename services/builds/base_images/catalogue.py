"""What `kyozo images` does: list the base images, make them, fetch their public namesakes."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.builds.base_images import recipes, workshop
from services.builds.base_images.host import host_settings
from services.builds.base_images.resolve import Resolved, Source, resolve, tool_of
from services.builds.base_images.tools import TOOLS
from services.builds.base_images.workshop import Workshop
from services.builds.client import Cancelled, Log
from services.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class ListedImage:
    """`is_current` is false where the recipe has changed since the image was made."""

    ref: str
    tool: str
    version: str
    source: Source
    is_present: bool
    is_current: bool
    size_bytes: int


class NoSuchVersionError(NotFoundError):
    code = "image.no_such_version"


def list_images(*, shop: Workshop) -> list[ListedImage]:
    """All images that can be made here, and the public ones of our tools that the engine has."""
    have = _sizes(shop)
    host = host_settings(shop.environ)
    own = [
        _listed(recipes.recipe(recipes.local_ref(tool.name, offer.version), host), have)
        for tool in TOOLS.values()
        for offer in tool.offers
    ]
    public = [
        _fetched(ref, named, size)
        for ref, (size, _) in have.items()
        if not recipes.is_local(ref) and (named := tool_of(ref))
    ]
    return own + public


def build(
    names: Iterable[str],
    *,
    shop: Workshop,
    log: Log,
    cancelled: Cancelled = lambda: False,
    fresh: bool = False,
) -> dict[str, str]:
    """Make images by name (python, python:3.13). `fresh` makes them anew, with today's packages."""
    refs = [_resolved(name, Source.LOCAL, "").ref for name in names]
    return workshop.ensure(refs, shop=shop, log=log, cancelled=cancelled, fresh=fresh)


def pull(
    names: Iterable[str],
    *,
    shop: Workshop,
    log: Log,
    cancelled: Cancelled = lambda: False,
    mirror: str = "",
) -> dict[str, str]:
    """Fetch the public images of the same names, newer ones too."""
    refs = [_resolved(name, Source.REGISTRY, mirror).ref for name in names]
    for ref in refs:
        shop.docker.pull(ref, log=log, cancelled=cancelled)
    return {ref: image.id for ref, image in workshop.present(shop.docker, refs).items()}


def _resolved(name: str, source: Source, mirror: str) -> Resolved:
    tool, _, version = name.removeprefix(recipes.PREFIX).partition(":")
    answer = resolve(tool, version, source=source, mirror=mirror)
    if not answer.exact:
        raise NoSuchVersionError(answer.note, fix="See what there is: kyozo images ls")
    return answer


def _listed(recipe: recipes.Recipe, have: dict[str, tuple[int, str]]) -> ListedImage:
    size, made_from = have.get(recipe.ref, (0, ""))
    return ListedImage(
        recipe.ref,
        recipe.tool,
        recipe.offer.version,
        Source.LOCAL,
        is_present=recipe.ref in have,
        is_current=made_from == recipe.hash,
        size_bytes=size,
    )


def _fetched(ref: str, named: tuple[str, str], size: int) -> ListedImage:
    return ListedImage(
        ref, *named, Source.REGISTRY, is_present=True, is_current=True, size_bytes=size
    )


def _sizes(shop: Workshop) -> dict[str, tuple[int, str]]:
    """Size and recipe of each image here that is ours or has a public name of the table."""
    listed = shop.docker.query("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    refs = [ref for ref in listed if "<" not in ref and (recipes.is_local(ref) or tool_of(ref))]
    found = workshop.present(shop.docker, refs)
    return {ref: (image.size_bytes, image.recipe) for ref, image in found.items()}
