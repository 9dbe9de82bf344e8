"""The images a build stands on: made or fetched before it and looked at.

The builder would fetch what is missing by itself, and run the ONBUILD lines that come with it. So
it is left nothing to fetch.
"""

from services.builds.base_images import workshop
from services.builds.base_images.recipes import is_local
from services.builds.base_images.workshop import Workshop
from services.builds.client import CommandFailedError
from services.builds.failure import not_pulled
from services.builds.rewrite import Policy, Prepared
from services.lifecycle.engine import runtime
from services.lifecycle.image_walls import check_base, check_owner, find, is_made_here
from services.lifecycle.making import Making
from services.lifecycle.pulled import note_use


def ready(making: Making, prepared: Prepared, policy: Policy, *, shop: Workshop) -> dict[str, str]:
    """Ids by name, once they are here and may be built upon."""
    note_use(list(prepared.images))
    own = [ref for ref in prepared.images if is_local(ref)]
    if own:
        workshop.ensure(
            own,
            shop=shop,
            log=making.log.write,
            tell=making.job.note,
            cancelled=making.cancelled,
        )
    for ref in prepared.images:
        if ref not in own:
            _fetch(making, ref, prepared, shop)
    return {ref: _looked_at(making, ref, policy) for ref in prepared.images}


def _fetch(making: Making, ref: str, prepared: Prepared, shop: Workshop) -> None:
    """When newer ones are asked for also what is here, but for what no registry has."""
    is_newest = bool(making.job.operation.params.get("pull"))
    try:
        if is_newest and not is_made_here(ref):
            shop.check_room()
            making.job.note(f"pulling {ref}")
            shop.pull(ref, log=making.log.write, cancelled=making.cancelled)
        workshop.ensure(
            [ref],
            shop=shop,
            log=making.log.write,
            tell=making.job.note,
            cancelled=making.cancelled,
        )
    except CommandFailedError as exc:
        raise not_pulled(ref, exc.message, prepared.dockerfile) from exc


def _looked_at(making: Making, ref: str, policy: Policy) -> str:
    image = find(ref)
    check_owner(ref, image, service=making.service, policy=policy)
    check_base(ref, image, policy=policy, platform=runtime().info().platform)
    return image.engine_id
