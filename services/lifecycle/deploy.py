"""Deploy: look at the folder, build its image, roll it out. An unchanged folder changes nothing."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any, cast

from django.db import transaction

from detection import DetectedService, to_json
from services.errors import ConflictError, DeployError
from services.lifecycle import plan, releases, rollouts
from services.lifecycle.gate import probe
from services.lifecycle.image import make_image
from services.lifecycle.job import Job
from services.lifecycle.operations import (
    GOES_NEXT,
    dependencies,
    enqueue,
    last_open,
    replaced_by_deploy,
)
from services.lifecycle.reconcile import reconcile
from services.lifecycle.routes import publish_routes
from services.lifecycle.status import refresh_status
from services.models import Build, Kind, Operation, OperationState, Release, Service, WantedState


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """`force` replaces the instances even when nothing changed; `accept_version` takes the nearest
    version of a language that can be had; `no_cache` and `pull` are the builder's."""

    force: bool = False
    no_cache: bool = False
    pull: bool = False
    accept_version: bool = False


def deploy(
    service: Service,
    *,
    actor: str,
    options: DeployOptions | None = None,
    after: Iterable[Operation] = (),
) -> Operation:
    """Queue a deploy; its instances start only when the operations in `after` have succeeded. New
    instances that a restart or deploy was to make in whose place it comes are made by it."""
    if service.is_removed:
        raise ConflictError(f"{service.name} is being removed", code="service.wrong_state")
    with transaction.atomic():
        _lock(service)
        params = asdict(options or DeployOptions())
        params["force"] |= any(map(_makes_new_instances, replaced_by_deploy(service)))
        operation = enqueue(
            service, Kind.DEPLOY, actor=actor, params=params, after=[one.id for one in after]
        )
        transaction.on_commit(lambda: refresh_status(service))
    return operation


def deploy_change(
    service: Service, *, actor: str, after: Iterable[Operation] = ()
) -> Operation | None:
    """For `auto_deploy`, by what changed and by no request of its own: what is stopped, is to stop
    or to go back, does so (None), and what an open deploy was asked for is asked of the new one."""
    with transaction.atomic():
        fresh = _lock(service)
        if fresh is None or _is_to_go_back(fresh) or _is_to_stop(fresh):
            return None
        replaced = [one for one in replaced_by_deploy(fresh) if one.kind == Kind.DEPLOY]
        asked = {f.name: any(o.params.get(f.name) for o in replaced) for f in fields(DeployOptions)}
        needs = Operation.objects.filter(pk__in={pk for one in replaced for pk in one.after})
        after = {one.pk: one for one in (*after, *needs)}.values()
        return deploy(service, actor=actor, options=DeployOptions(**asked), after=after)


def _lock(service: Service) -> Service | None:
    return Service.objects.locked().filter(pk=service.pk).first()


def _makes_new_instances(operation: Operation) -> bool:
    return operation.kind == Kind.RESTART or bool(operation.params.get("force"))


def _is_to_go_back(service: Service) -> bool:
    """Somebody found the folder's release bad: it would be rolled out again in the rollback's
    place."""
    return service.operations.filter(kind=Kind.ROLLBACK, state=OperationState.QUEUED).exists()


def _is_to_stop(service: Service) -> bool:
    """By what was asked for last; a stop that waits has not written its wanted state yet."""
    last = last_open(service)
    if last is not None and last.kind in {Kind.DEPLOY, Kind.ROLLBACK, *GOES_NEXT}:
        return last.kind in GOES_NEXT
    return service.wanted_state == WantedState.STOPPED


def analyse_step(job: Job) -> None:
    """What the folder says today; what people set stays as it is."""
    service = job.service
    found = _plan(job)
    if reason := plan.why_not(found):
        raise DeployError(reason, code="detection.not_deployable", params={"stage": "analyse"})
    apply_plan(service, found)
    job.note(_summary(found))


def _plan(job: Job) -> DetectedService:
    """Read once per worker: a worker that takes over looks again."""
    if "plan" not in job.memo:
        service = job.service
        analysis = plan.analyse_folder(
            service.workspace,
            service.detected_in,
            service.overrides,
            is_cancelled=job.is_cancelled,
        )
        job.memo["plan"] = plan.find(analysis, service)
    return cast("DetectedService", job.memo["plan"])


def apply_plan(service: Service, found: DetectedService) -> None:
    service.service_type = found.service_type
    service.process = found.process
    service.detection_confidence = found.confidence
    service.plan = to_json(found)
    service.save(update_fields=["service_type", "process", "detection_confidence", "plan"])


def _summary(found: DetectedService) -> str:
    words = [found.framework or found.language or found.service_type, found.language_version]
    port = f"port {found.port}" if found.port else found.process
    return " ".join(filter(None, [*words, port]))


def build_step(job: Job) -> None:
    """Make or find the image; then see whether anything changed at all."""
    found = _plan(job)
    image = make_image(job, found)
    job.remember(image_ref=image.ref, image_digest=image.digest, build_id=image.build_id)
    job.memo["is_unchanged"] = _is_unchanged(job, found)
    if job.memo["is_unchanged"]:
        job.remember(unchanged=True)
        job.skip("start", "health", "route", "settle", why="unchanged")
        publish_routes(job.service, must_be_in=True)  # another host port changes no instance
    elif not image.was_built:
        job.note("image is up to date")


def _is_unchanged(job: Job, found: DetectedService) -> bool:
    """Same image, configuration and environment as what serves now, and it answers."""
    service = Service.objects.select_related("wanted_release", "team", "workspace").get(
        pk=job.service.pk
    )
    current = service.wanted_release
    if job.operation.params.get("force") or service.wanted_state != WantedState.RUNNING:
        return False
    if current is None or _draft(job, found).fingerprint != current.fingerprint:
        return False
    this = reconcile(job.claim)
    rows = [row for row in this.sight.rows.values() if row.is_gated and row.leaving_at is None]
    return len(rows) >= service.wanted_replicas and all(probe(row).ok for row in rows)


def _draft(job: Job, found: DetectedService) -> releases.Draft:
    result = job.operation.result
    return releases.draft(
        job.service, found, image_ref=result["image_ref"], digest=result["image_digest"]
    )


def start_step(job: Job) -> None:
    """Write the release and begin the rollout, once; then until all new instances exist."""
    rollouts.begin(job, _prepare)
    rollouts.start_step(job)


def _check_dependencies(job: Job) -> None:
    needed = dependencies(job.operation)
    failed = [one for one in needed if one.state != OperationState.SUCCEEDED]
    if names := sorted(one.service.name for one in failed):
        raise DeployError(
            f"it needs {', '.join(names)}, whose deploy did not succeed",
            code="deploy.dependency_failed",
            params={"stage": "start"},
            fix="mend that service first, then deploy again",
        )


def _prepare(job: Job) -> Callable[[], Release]:
    _check_dependencies(job)
    operation = job.operation
    build = Build.objects.filter(pk=operation.result.get("build_id")).first()
    draft = _draft(job, _plan(job))
    return partial(releases.write, job.service, draft, actor=operation.requested_by, build=build)


def finish(job: Job) -> dict[str, Any]:
    rollouts.nothing_pending(job)
    return {} if job.operation.result.get("unchanged") else rollouts.finish(job)


WORK = {
    "analyse": analyse_step,
    "build": build_step,
    "start": start_step,
    "health": rollouts.health_step,
    "route": rollouts.route_step,
    "settle": rollouts.settle_step,
}
