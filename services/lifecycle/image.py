"""What the build step hands on, and which maker of images goes with the configured runtime."""

from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from detection import DetectedService
from services.lifecycle.job import Job

MAKERS = {
    "docker": "services.lifecycle.images.make_image",
    "fake": "services.lifecycle.fake_images.make_image",
}


@dataclass(frozen=True, slots=True)
class Image:
    """`ref` is a name, `digest` the engine's id of what it meant when it was built."""

    ref: str
    digest: str
    build_id: str
    was_built: bool


def make_image(job: Job, plan: DetectedService) -> Image:
    """By the maker of the configured runtime. Raises BuildError, InvalidError, CancelledError."""
    maker = import_string(MAKERS[settings.KYOZO["RUNTIME"]])
    return cast("Image", maker(job, plan))
