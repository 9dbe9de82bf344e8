"""The walls between teams' images: what a service may run or build upon, by name and by label."""

from collections.abc import Mapping

from django.conf import settings

from services.builds.refs import full_name, is_ref
from services.builds.rewrite import Policy, check_triggers, is_of_others
from services.errors import BuildError, InvalidError
from services.lifecycle.engine import runtime
from services.lifecycle.image_names import PIN_HOST, install_prefix, team_prefix
from services.lifecycle.observe import uuid_of
from services.models import ImageMapping, Service
from services.runtimes.base import LABEL_SERVICE, LABEL_TEAM, EngineImage


def policy_of(service: Service) -> Policy:
    mapping = ImageMapping.objects.filter(team=service.team)
    return Policy(
        cache_id=service.team.cache_secret[:32],
        images=dict(mapping.values_list("source", "target")),
        mirror=settings.KYOZO["IMAGE_MIRROR"],
        private=(f"docker.io/{install_prefix()}", f"{PIN_HOST}/"),
        own=(f"docker.io/{team_prefix(service)}",),
    )


def check_name(ref: str, policy: Policy) -> None:
    """Before the engine is asked for it. BuildError for what is no name, or not this team's."""
    if not is_ref(ref):
        raise refused(
            f"{ref[:100]!r} is not the name of an image",
            fix="write it as in registry.example/team/app:1.2; an id is not taken",
        )
    if is_of_others(ref, policy):
        raise _not_yours(ref)


def check_owner(ref: str, image: EngineImage, *, service: Service, policy: Policy) -> None:
    """By its labels, which what is built upon it inherits. An image of another workspace is for the
    team to give: with a mapping, which tokens of one workspace cannot make."""
    owner = image.labels.get(LABEL_TEAM, "")
    if not owner and not image.labels.get(LABEL_SERVICE):
        return
    if owner != str(service.team_id):
        raise _not_yours(ref)
    made_for = uuid_of(image.labels.get(LABEL_SERVICE, ""))
    here = Service.objects.filter(pk=made_for, workspace=service.workspace)
    if not _is_mapped_to(ref, policy.images) and not here.exists():
        raise refused(
            f"the image {ref} was built in another workspace",
            fix=f"build it here from its source, or let the team name it: kyozo images map NAME"
            f" {ref}",
        )


def check_base(ref: str, image: EngineImage, *, policy: Policy, platform: str) -> None:
    """What a build stands on: the builder runs its ONBUILD lines, from a place that reaches more
    than the build does. One for another platform some builders fetch anew, unseen by us."""
    if image.platform != platform:
        raise refused(
            f"the image {ref} is for {image.platform}, and builds here are for {platform}",
            fix=f"name one for {platform}: kyozo images map {ref} OTHER",
        )
    try:
        check_triggers(image.triggers, policy)
    except InvalidError as exc:
        raise refused(
            f"the base image {ref} has an ONBUILD line that is not allowed: {_without_line(exc)}",
            fix=f"use another base image, or one made from it without that line: kyozo images map"
            f" {ref} OTHER",
        ) from exc


def find(ref: str) -> EngineImage:
    """What was here a moment ago."""
    if image := runtime().image(ref):
        return image
    raise lost(ref)


def lost(ref: str) -> BuildError:
    return BuildError(
        f"the image {ref} was removed meanwhile", code="build.image_lost", fix="deploy again"
    )


def is_made_here(ref: str) -> bool:
    """By its name: no registry has it."""
    return full_name(ref).startswith(f"docker.io/{install_prefix()}")


def _without_line(exc: InvalidError) -> str:
    return exc.message.partition(": ")[2]


def refused(message: str, *, fix: str) -> BuildError:
    return BuildError(message, code="image.refused", params={"stage": "build"}, fix=fix)


def _not_yours(ref: str) -> BuildError:
    return refused(
        f"the image {ref} was built for somebody else",
        fix="build it from its source in this workspace, or name another image",
    )


def _is_mapped_to(ref: str, images: Mapping[str, str]) -> bool:
    """A target with `*` for the tag stands for every tag."""
    full = full_name(ref)
    names = {full, f"{full.partition('@')[0].rpartition(':')[0]}:*"}
    return any(full_name(target) in names for target in images.values())
