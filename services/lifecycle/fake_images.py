"""The image maker of the fake runtime: no builder, a folder's content is its image."""

from detection import DetectedService
from services.lifecycle.image import Image
from services.lifecycle.job import Job
from services.lifecycle.plan import folder_of
from services.models import Build, BuildState
from services.sources.ignore import Ignore
from services.sources.snapshot import read_content


def make_image(job: Job, plan: DetectedService) -> Image:
    """An "image" per content: the same folder again is not built again."""
    service = job.service
    context = f"{service.detected_in.rstrip('/')}/{plan.build_context.removeprefix('./')}"
    content = read_content(folder_of(service.workspace, context), ignore=Ignore())
    digest = plan.image or f"sha256:{content.digest}"
    known = Build.objects.filter(service=service, image_digest=digest).exists()
    build = Build.objects.create(
        service=service,
        operation=job.operation,
        state=BuildState.SUCCEEDED,
        image_ref=digest,
        image_digest=digest,
        content_hash=content.digest[:24],
        is_cached=known,
    )
    return Image(ref=digest, digest=digest, build_id=str(build.id), was_built=not known)
