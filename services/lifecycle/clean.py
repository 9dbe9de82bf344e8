"""Clean: what nobody wants any more goes from the engine, and each thing says why.

Only what carries our label, or what a row says that we pulled; never a volume, never a base image
of ours, never by force. What is wanted is read anew right before it, under the claim of the service
it was of. Every line may be repeated, and two clean-ups at once are harmless.
"""

from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from services.errors import FenceLostError
from services.lifecycle.engine import desk, runtime
from services.lifecycle.image_names import install_prefix
from services.lifecycle.kept import kept_images
from services.lifecycle.leftovers import Leftover, Report, StillTrue, is_known, undisturbed
from services.lifecycle.observe import uuid_of
from services.lifecycle.pins import is_last_name, is_leftover, is_ours, leftover_pins
from services.lifecycle.pulled import forget_name, unused
from services.lifecycle.trees import remove_leftovers
from services.models import Outcome, PulledImage, Rollout, Service, WantedState
from services.runtimes.base import LABEL_SERVICE, LABEL_TEAM, EngineImage, Fence, Selector, State
from services.teams.models import Team

STOPPED = frozenset({State.CREATED, State.EXITED, State.DEAD})
MIB = 1024 * 1024


def clean(
    *, team: Team | None = None, shared: bool = True, orphans: bool = False, dry_run: bool = False
) -> Report:
    """`team` narrows it to one team's things; `shared` are those that belong to no team.

    `orphans` are of services that no row knows. Another database may know them (this one may come
    from an older backup), so they go only when a person asks.
    """
    if (asked := desk()) is not None:
        team_id = str(team.id) if team else ""
        return Report.from_json(
            asked.ask_to_remove(
                "clean", team=team_id, shared=shared, orphans=orphans, dry_run=dry_run
            )
        )
    report = Report(is_dry_run=dry_run)
    before = runtime().disk()
    _service_images(report, team, orphans=orphans)
    if orphans:
        _orphaned_containers(report, team)
    if shared:
        _pins(report)
        _pulled_images(report)
        _build_cache(report)
        _indexes(report)
        remove_leftovers(report, orphans=orphans)
    after = runtime().disk()
    if before and after and not dry_run:
        report.freed_bytes = max(0, after.free_bytes - before.free_bytes)
    return report


def remove_images_of(services: Collection[UUID]) -> list[str]:
    """All images of removed services, and the names of those that stay, because somebody needs
    them."""
    if (asked := desk()) is not None:
        names = [str(pk) for pk in services]
        return list(asked.ask_to_remove("remove_images_of", services=names))
    for service_id, images in _loose(None).items():
        if service_id in services:
            with undisturbed(service_id) as fence:
                if fence is not None:
                    _images_of(Report(is_dry_run=False), service_id, images, fence)
    left = [images for service_id, images in _loose(None).items() if service_id in services]
    return sorted(_name(image) for images in left for image in images)


def _orphaned_containers(report: Report, team: Team | None) -> None:
    """Only stopped ones. Those of known services are the sweep's."""
    selector = Selector(install=settings.KYOZO["INSTALL"], team_id=str(team.id) if team else "")
    for one in runtime().observe(selector):
        service_id = uuid_of(one.service_id)
        if one.state not in STOPPED or is_known(service_id):
            continue
        with undisturbed(service_id) as fence:
            if fence is not None:
                thing = Leftover(
                    "container", one.name, "stopped, and of a service that is not known here"
                )
                report.take(thing, partial(runtime().remove, one.engine_id, fence=fence))


def _service_images(report: Report, team: Team | None, *, orphans: bool) -> None:
    for service_id, images in _loose(team).items():
        if not orphans and not is_known(service_id):
            continue
        with undisturbed(service_id) as fence:
            if fence is not None:
                _images_of(report, service_id, images, fence)


def _loose(team: Team | None) -> dict[UUID, list[EngineImage]]:
    """By service, what nothing wants any more."""
    kept = kept_images()
    loose: dict[UUID, list[EngineImage]] = defaultdict(list)
    for image in runtime().images(install=settings.KYOZO["INSTALL"]):
        is_asked = team is None or image.labels.get(LABEL_TEAM) == str(team.id)
        if is_asked and not kept & image.names and not _is_adopted(image):
            loose[uuid_of(image.labels.get(LABEL_SERVICE, ""))].append(image)
    return loose


def _images_of(report: Report, service_id: UUID, images: list[EngineImage], fence: Fence) -> None:
    kept = kept_images()
    for image in images:
        if not kept & image.names:
            thing = Leftover("image", _name(image), _why(image, service_id), image.size_bytes)
            report.take(thing, partial(_remove_image, image, fence))


def _name(image: EngineImage) -> str:
    return next(iter(image.refs), image.engine_id[:19])


def _own_refs(image: EngineImage) -> list[str]:
    return [ref for ref in image.refs if ref.startswith(install_prefix())]


def _is_adopted(image: EngineImage) -> bool:
    """Somebody gave it a name of theirs, or built on it (labels are inherited): it is theirs."""
    return bool(image.refs) and not _own_refs(image)


def _remove_image(image: EngineImage, fence: Fence) -> None:
    for name in _own_refs(image) or [image.engine_id]:
        runtime().remove_image(name, engine_id=image.engine_id, fence=fence)


def _why(image: EngineImage, service_id: UUID) -> str:
    service = Service.objects.filter(pk=service_id).first()
    if service is None:
        return "of a service that is not known here"
    if service.is_removed:
        return f"{service.name} is removed"
    uses = Q(image_digest=image.engine_id) | Q(image_ref__in=image.refs)
    release = service.releases.filter(uses).first()
    if release is None:
        return f"no release of {service.name} uses it"
    if not Rollout.objects.filter(to_release=release, outcome=Outcome.SUCCEEDED).exists():
        return f"release {release.number} of {service.name} did not come up"
    return f"release {release.number} of {service.name} is older than those that are kept"


def _pins(report: Report) -> None:
    kept = kept_images()
    for name in leftover_pins():
        image = runtime().image(name)
        if image is None:
            continue
        if not is_last_name(image) or (is_ours(image) and not kept & image.names):
            thing = Leftover("name", name, "the build upon this image is over")
            fence = StillTrue(partial(is_leftover, name))
            remove = partial(runtime().remove_image, name, engine_id=image.engine_id, fence=fence)
            with suppress(FenceLostError):
                report.take(thing, remove)


def _pulled_images(report: Report) -> None:
    kept = kept_images()
    for row in unused():
        image = runtime().image(row.ref)
        if image is None or image.engine_id != row.engine_id:
            if not report.is_dry_run:
                forget_name(row)
        elif not kept & {row.ref, row.engine_id} and not (row.is_nameless and image.refs):
            thing = Leftover("pulled image", row.ref, _why_pulled(row))
            with suppress(FenceLostError):
                report.take(thing, partial(_remove_pulled, row))


def _why_pulled(row: PulledImage) -> str:
    if row.is_nameless:
        return "a newer one was pulled in its place"
    return f"nothing asked for it in {settings.KYOZO['KEEP_PULLED_DAYS']:g} days"


def _remove_pulled(row: PulledImage) -> None:
    fence = StillTrue(unused().filter(pk=row.pk).exists)
    runtime().remove_image(row.ref, engine_id=row.engine_id, fence=fence)
    row.delete()


def _build_cache(report: Report) -> None:
    """Its records carry no labels, so it is touched only where nobody else builds."""
    if report.is_dry_run or not settings.KYOZO["OWN_ENGINE"]:
        return
    keep_mb = settings.KYOZO["KEEP_CACHE_MB"]
    freed = runtime().trim_build_cache(keep_bytes=keep_mb * MIB)
    if freed:
        why = f"the longest unused of more than {keep_mb} MB"
        report.removed.append(Leftover("build cache", "of this engine", why, freed))


def _indexes(report: Report) -> None:
    """What is remembered of a folder's files between builds."""
    current = Service.objects.exclude(wanted_state=WantedState.REMOVED)
    for path in sorted((Path(settings.KYOZO["HOME"]) / "trees").glob("*.index")):
        if not current.filter(pk=uuid_of(path.stem)).exists():
            thing = Leftover("file", path.name, "its service is gone", path.stat().st_size)
            report.take(thing, partial(path.unlink, missing_ok=True))
