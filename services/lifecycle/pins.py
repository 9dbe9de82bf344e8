"""Names of our own for the images a build stands on, from the look at them to the build's end.

The builder asks the engine for a name once more, long after it was looked at: whoever had another
image pulled under it meanwhile would have that one's ONBUILD lines run. Names of ours nobody moves.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from uuid import UUID

from django.conf import settings

from services.errors import EngineError, EngineNotFoundError, FenceLostError
from services.lifecycle.engine import runtime
from services.lifecycle.image_names import pins
from services.lifecycle.image_walls import lost
from services.lifecycle.making import Making
from services.lifecycle.observe import uuid_of
from services.models import Build, BuildState, PulledImage
from services.runtimes.base import LABEL_INSTALL, EngineImage


@contextmanager
def pinned(making: Making, bases: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Pins by name, of the images that `bases` has the ids of."""
    repository = f"{pins()}:{making.build.id.hex}"
    names = {ref: f"{repository}-{number}" for number, ref in enumerate(bases)}
    try:
        for ref, name in names.items():
            _pin(ref, bases[ref], name)
        yield names
    finally:
        with suppress(EngineError, FenceLostError):  # the next clean-up finds what stays
            for name in names.values():
                _unpin(making, name)


def _pin(ref: str, engine_id: str, name: str) -> None:
    try:
        runtime().tag_image(engine_id, name)
    except EngineNotFoundError as exc:
        raise lost(ref) from exc


def _unpin(making: Making, name: str) -> None:
    image = runtime().image(name)
    if image and not is_last_name(image):
        runtime().remove_image(name, engine_id=image.engine_id, fence=making.job.claim)


def is_last_name(image: EngineImage) -> bool:
    """The image would go with it, and it may be somebody's who has just given its name away."""
    return len(image.refs) < 2


def is_ours(image: EngineImage) -> bool:
    """We made or pulled it."""
    is_pulled = PulledImage.objects.filter(engine_id=image.engine_id).exists()
    return is_pulled or image.labels.get(LABEL_INSTALL) == settings.KYOZO["INSTALL"]


def leftover_pins() -> list[str]:
    """Those that a worker left which was killed, or that were the last name of an image."""
    return [name for name in runtime().image_names(pins()) if is_leftover(name)]


def is_leftover(name: str) -> bool:
    return not Build.objects.filter(pk=_build_of(name), state=BuildState.RUNNING).exists()


def _build_of(name: str) -> UUID:
    return uuid_of(name.rpartition(":")[2].partition("-")[0])
