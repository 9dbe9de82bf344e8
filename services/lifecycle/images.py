"""The build step: from a plan to an image on the engine, or the one that is there already."""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from detection import DetectedService, render_dockerfile
from services import events
from services.builds.base_images import workshop
from services.builds.base_images.choice import Chooser, choose_source
from services.builds.base_images.resolve import Source, resolve, tool_of
from services.builds.base_images.workshop import PROXIES, Workshop
from services.builds.build import EXTRA, Builder, BuildRequest, build_image
from services.builds.client import DockerCli, bare_environment, empty_config, find_client
from services.builds.content import Inputs, content_tag
from services.builds.process import Limit
from services.builds.refs import find_mapping
from services.builds.rewrite import Policy, Prepared, prepare
from services.errors import BuildError, CancelledError, KyozoError
from services.lifecycle.bases import ready
from services.lifecycle.build_log import BuildLog
from services.lifecycle.disk import check_room
from services.lifecycle.engine import runtime
from services.lifecycle.image import Image
from services.lifecycle.image_names import repository
from services.lifecycle.image_walls import check_name, check_owner, find, policy_of
from services.lifecycle.job import Job
from services.lifecycle.making import Making
from services.lifecycle.mounted import on_top_of, only
from services.lifecycle.observe import look
from services.lifecycle.pins import pinned
from services.lifecycle.plan import folder_of
from services.lifecycle.pulled import note_pull, note_use
from services.lifecycle.status import refresh_status
from services.models import Build, BuildState, Service
from services.runtimes.base import (
    LABEL_CONTENT,
    LABEL_INSTALL,
    LABEL_SERVICE,
    LABEL_TEAM,
    EngineImage,
)
from services.sources.ignore import Check, Ignore, load_ignore
from services.sources.index import StatIndex
from services.sources.reading import read_text
from services.sources.secret_names import KEY_FOLDERS
from services.sources.snapshot import read_content, snapshot

NEVER_IN_IMAGES = (".git", ".env", *KEY_FOLDERS)


@dataclass(frozen=True, slots=True)
class BuildSource:
    """What one image is built from; `files` are laid beside what the context has."""

    context: Path
    text: str
    ignore: Ignore
    files: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)
    target: str = ""


def make_image(job: Job, plan: DetectedService) -> Image:
    """Raises BuildError, InvalidError, CancelledError; the attempt's row ends in every case."""
    # While the engine is away nothing is attempted; once it is back the status is known again.
    look(job.service, fence=job.claim)
    refresh_status(job.service, was_seen=True)
    with _attempt(job, plan) as making:
        # First of all: whatever the files below do to a worker, a cancelled one ends.
        job.check_cancelled()
        image = _ready_made(making) if plan.image else _built(making)
        if plan.files:
            image = _with_files(making, image)
    if image.was_built:
        events.publish(
            job.service,
            event_type="image_built" if plan.image is None else "image_pulled",
            data={"build_id": image.build_id, "image": image.ref},
            triggered_by=job.operation.requested_by,
        )
    return image


@contextmanager
def _attempt(job: Job, plan: DetectedService) -> Iterator[Making]:
    with transaction.atomic():  # a worker that was taken over leaves no row behind
        abandoned = job.operation.builds.filter(state=BuildState.RUNNING)
        abandoned.update(state=BuildState.FAILED, ended_at=timezone.now())
        build = Build.objects.create(service=job.service, operation=job.operation)
        job.remember(build_id=str(build.id))
    log = BuildLog(build, secrets=list(job.service.secrets.values()))
    state, failure = BuildState.FAILED, {}
    try:
        yield Making(job=job, plan=plan, build=build, log=log)
        state = BuildState.SUCCEEDED
    except CancelledError:
        state = BuildState.CANCELLED
        raise
    except KyozoError as exc:
        # What failed quotes the output and the Dockerfile.
        exc.message, exc.params = log.mask(exc.message), log.mask(exc.params)
        failure = {"message": exc.message, "fix": exc.fix, **exc.params}
        raise
    finally:
        log.flush()
        build.state, build.failure, build.ended_at = state, failure, timezone.now()
        build.save()


def _built(making: Making) -> Image:
    """A Dockerfile, ours or theirs, made safe to build; then the engine's cache by content."""
    plan = making.plan
    folder = folder_of(making.service.workspace, making.service.detected_in)
    context = folder_of(making.service.workspace, _below(making.service, plan.build_context))
    chooser = _chooser(making)
    text, files, ignore = _dockerfile(making, folder, context, chooser)
    source = BuildSource(
        context, text, ignore, files, dict(plan.build_args), plan.build_target or ""
    )
    return _build(making, source)


def _with_files(making: Making, image: Image) -> Image:
    """One layer more: the files of the folder that compose mounts into the container."""
    files = making.plan.files
    folder = folder_of(making.service.workspace, making.service.detected_in)
    ignore = Ignore(only(files), always=NEVER_IN_IMAGES)
    return _build(making, BuildSource(folder, on_top_of(image.ref, files), ignore))


def _build(making: Making, source: BuildSource) -> Image:
    job = making.job
    policy = policy_of(making.service)
    prepared = _prepare(making, source, policy)
    bases = ready(making, prepared, policy, shop=shop())
    index = StatIndex.load(_index_path(making.service))
    content = read_content(
        source.context, ignore=source.ignore, index=index, check=_patience(making)
    )
    index.save()
    for left in content.left_out:
        making.log.write(f"left out: {left}")
    tag = content_tag(
        Inputs(
            team=making.service.team_id.hex,
            tree=content.digest,
            dockerfile=prepared.text,
            extra_files={name: data.encode() for name, data in source.files.items()},
            base_images=bases,
            build_args=source.arguments,
            target=source.target,
            platform=runtime().info().platform,
        )
    )
    ref = f"{repository(making.service)}:{tag}"
    making.build.dockerfile, making.build.content_hash = prepared.text, tag
    params = job.operation.params
    if not params.get("no_cache") and not params.get("pull") and (have := runtime().image_id(ref)):
        making.log.write(f"nothing changed: {ref} is up to date")
        return _done(making, ref, have, is_cached=True)
    check_room()
    job.note("")  # what was said about base images is over
    with pinned(making, bases) as pins, _staged(making, source) as tree:
        # The content tag is of the names that people use: those of ours are new for each build.
        written = prepared.written_as(_read(source, policy, pins=pins))
        built = build_image(
            _request(making, tree, written, source, ref),
            builder=_builder(),
            log=lambda line: making.log.write(line.text),
            cancelled=making.cancelled,
        )
    making.build.size_bytes = built.size_bytes
    return _done(making, ref, built.image_id, is_cached=False)


def _done(making: Making, ref: str, digest: str, *, is_cached: bool) -> Image:
    build = making.build
    build.image_ref, build.image_digest, build.is_cached = ref, digest, is_cached
    return Image(ref=ref, digest=digest, build_id=str(build.id), was_built=not is_cached)


def _below(service: Service, path: str) -> str:
    return f"{service.detected_in.rstrip('/')}/{path.removeprefix('./')}"


def _index_path(service: Service) -> Path:
    return Path(settings.KYOZO["HOME"]) / "trees" / f"{service.id.hex}.index"


def _chooser(making: Making) -> Chooser:
    return Chooser(source=Source.LOCAL, mirror=settings.KYOZO["IMAGE_MIRROR"])


def _source(making: Making, ref: str) -> Source:
    """Where base images come from: as set, or by asking a registry for the one that is needed."""
    configured = settings.KYOZO["IMAGE_SOURCE"]
    if configured != "auto":
        return Source(configured)
    return choose_source(ref, shop=shop(), log=making.log.write, cancelled=making.cancelled)


def shop() -> Workshop:
    """The base-image workshop of this installation's engine. A Dockerfile says what is pulled, so
    it is pulled without logins but those that are set to be every team's."""
    logins = settings.KYOZO["REGISTRY_CONFIG"]
    config = Path(logins).expanduser() if logins else empty_config(_work_dir())
    proxies = {name: os.environ[name] for name in PROXIES if name in os.environ}
    docker = DockerCli(
        client=find_client(os.environ),
        engine_url=settings.KYOZO["ENGINE_URL"],
        environ=bare_environment(config) | proxies,
    )
    return Workshop(
        docker=docker,
        state_dir=Path(settings.KYOZO["HOME"]),
        environ=os.environ,
        check_room=check_room,
        pulled=note_pull,
    )


def _dockerfile(
    making: Making, folder: Path, context: Path, chooser: Chooser
) -> tuple[str, dict[str, str], Ignore]:
    """The text, files to lay beside it, and what is left out of the context."""
    plan = making.plan
    if plan.dockerfile_path:
        own = read_text(folder, plan.dockerfile_path)
        if own is None:
            raise BuildError(
                f"{plan.dockerfile_path} is not there any more",
                code="build.no_dockerfile",
                params={"stage": "build"},
                fix="put it back, or deploy again to look at the folder anew",
            )
        # Which may lie outside the context, as docker/web.Dockerfile does for web/.
        ignore = load_ignore(
            context, dockerfile=plan.dockerfile_path, within=folder, always=NEVER_IN_IMAGES
        )
        return own, {}, ignore
    public = Chooser(source=Source.REGISTRY, mirror=chooser.mirror)
    render_dockerfile(plan, base=public)
    chooser.source = _source(making, public.refs[0])
    rendered = render_dockerfile(plan, base=chooser)
    _refuse_inexact(making, chooser)
    if (context / ".dockerignore").is_file():
        ignore = load_ignore(context, always=NEVER_IN_IMAGES)
    else:
        ignore = Ignore.parse(rendered.dockerignore or "", always=NEVER_IN_IMAGES)
    return rendered.dockerfile, dict(rendered.files), ignore


def _refuse_inexact(making: Making, chooser: Chooser) -> None:
    """A version that cannot be had is not faked: the nearest is used only when accepted."""
    for answer in chooser.resolved:
        if answer.note:
            making.log.write(f"base image: {answer.note}")
    if chooser.inexact and not making.job.operation.params.get("accept_version"):
        first = chooser.inexact[0]
        raise BuildError(
            first.note,
            code="image.version_unavailable",
            fix=f"deploy with --accept-version to use {first.tool} {first.offered}",
            params={"stage": "build", "requested": first.requested, "offered": first.offered},
        )


def _read(
    source: BuildSource, policy: Policy, *, pins: Mapping[str, str] | None = None
) -> Prepared:
    return prepare(
        source.text,
        policy,
        build_args=source.arguments,
        platform=runtime().info().platform,
        target=source.target,
        pins=pins,
    )


def _patience(making: Making) -> Check:
    """For reading a folder: its ignore file can make that as long as any build."""
    limit = Limit(making.cancelled, settings.KYOZO["BUILD_S"])
    return partial(limit.check, time.monotonic())


def _prepare(making: Making, source: BuildSource, policy: Policy) -> Prepared:
    prepared = _read(source, policy)
    for note in prepared.notes:
        making.log.write(note)
    return prepared


@contextmanager
def _staged(making: Making, source: BuildSource) -> Iterator[Path]:
    into = Path(settings.KYOZO["HOME"]) / "trees" / making.build.id.hex
    shutil.rmtree(into, ignore_errors=True)
    into.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield snapshot(source.context, into, ignore=source.ignore, check=_patience(making)).path
    finally:
        shutil.rmtree(into, ignore_errors=True)


def _request(
    making: Making, tree: Path, prepared: Prepared, source: BuildSource, ref: str
) -> BuildRequest:
    service, params = making.service, making.job.operation.params
    return BuildRequest(
        tree=tree,
        dockerfile=prepared,
        tag=ref,
        labels={
            LABEL_INSTALL: settings.KYOZO["INSTALL"],
            LABEL_TEAM: str(service.team_id),
            LABEL_SERVICE: str(service.id),
            LABEL_CONTENT: making.build.content_hash,
        },
        build_args=source.arguments,
        extra_files={_below_kyozo(name): text.encode() for name, text in source.files.items()},
        target=source.target,
        no_cache=bool(params.get("no_cache")),
        timeout_s=settings.KYOZO["BUILD_S"],
    )


def _builder() -> Builder:
    return Builder(
        client=find_client(os.environ),
        engine_url=settings.KYOZO["ENGINE_URL"],
        work_dir=_work_dir(),
    )


def _work_dir() -> Path:
    return Path(settings.KYOZO["HOME"]) / "builds"


def _below_kyozo(name: str) -> str:
    """The builder lays extra files below `.kyozo/` itself."""
    return name.removeprefix(f"{EXTRA}/")


def _ready_made(making: Making) -> Image:
    """An image that is only to be had: ours, mapped, present, or pulled."""
    asked = making.plan.image or ""
    policy = policy_of(making.service)
    ref = find_mapping(asked, policy.images) or _local_name(making, asked)
    if ref != asked:
        making.log.write(f"image {asked}: using {ref}")
    check_name(ref, policy)
    note_use([ref])
    had = runtime().image(ref)
    image = had or _pulled(making, ref, asked)
    check_owner(ref, image, service=making.service, policy=policy)
    return _done(making, ref, image.engine_id, is_cached=had is not None)


def _pulled(making: Making, ref: str, asked: str) -> EngineImage:
    try:
        workshop.ensure([ref], shop=shop(), log=making.log.write, cancelled=making.cancelled)
    except BuildError as exc:
        raise BuildError(
            f"the image {ref} cannot be pulled: {exc.message}",
            code="image.not_available",
            params={"stage": "build"},
            fix=f"map it to one that can be had: kyozo images map {asked} OTHER",
        ) from exc
    return find(ref)


def _local_name(making: Making, asked: str) -> str:
    """Where no registry answers, the database of the same version made on this machine."""
    named = tool_of(asked)
    if named is None or runtime().image_id(asked) or _source(making, asked) is Source.REGISTRY:
        return asked
    answer = resolve(named[0], named[1], source=Source.LOCAL)
    if not answer.exact and not making.job.operation.params.get("accept_version"):
        raise BuildError(
            f"{asked}: {answer.note}",
            code="image.version_unavailable",
            fix=f"deploy with --accept-version, or map it: kyozo images map {asked} {answer.ref}",
            params={"stage": "build", "offered": answer.offered},
        )
    return answer.ref
