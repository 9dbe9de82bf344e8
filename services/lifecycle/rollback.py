"""Rollback: what an earlier release ran, as a new release, without a build."""

from collections.abc import Callable
from functools import partial
from typing import Any

from services.errors import ConflictError, InvalidError, NotFoundError
from services.lifecycle import platform_ports, releases, rollouts
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import runtime
from services.lifecycle.job import Job
from services.lifecycle.operations import enqueue
from services.models import Kind, Operation, Outcome, Release, Service


def rollback(service: Service, *, to: int | None, actor: str) -> Operation:
    """`to` None means the newest release before the current one that once came up."""
    target = _numbered(service, to) if to is not None else _previous(service)
    if runtime().image_id(target.image_digest) is None:
        raise InvalidError(
            f"the image of release {target.number} is no longer on the engine",
            code="release.image_gone",
            details={"release": ["its image is gone"]},
            fix="deploy the folder as it was then",
        )
    _check_ports(target)
    return enqueue(service, Kind.ROLLBACK, actor=actor, params={"release": target.number})


def _check_ports(release: Release) -> None:
    """What it published then may be the platform's by now, or at an address allowed no more."""
    for port in ReleaseConfig.from_json(release.config).ports:
        platform_ports.check_port(port.host_port)
        platform_ports.check_host_ip(port.host_ip)


def _numbered(service: Service, number: int) -> Release:
    release = service.releases.filter(number=number).first()
    if release is None:
        raise NotFoundError(f"{service.name} has no release {number}")
    if release == service.wanted_release:
        raise ConflictError(
            f"release {number} is the current one", code="service.wrong_state", fix="name another"
        )
    return release


def _previous(service: Service) -> Release:
    current = service.wanted_release
    came_up = service.rollouts.filter(outcome=Outcome.SUCCEEDED).values_list(
        "to_release", flat=True
    )
    rows = service.releases.filter(pk__in=list(came_up))
    if current is not None:
        rows = rows.filter(number__lt=current.number).exclude(fingerprint=current.fingerprint)
    release = rows.order_by("-number").first()
    if release is None:
        raise ConflictError(
            f"{service.name} has no earlier release to go back to",
            code="service.wrong_state",
            fix=f"`kyozo status {service.name}` lists its releases; go to any with --to NUMBER",
        )
    return release


def start_step(job: Job) -> None:
    rollouts.begin(job, _prepare)
    rollouts.start_step(job)


def _prepare(job: Job) -> Callable[[], Release]:
    number = job.operation.params["release"]
    old = job.service.releases.get(number=number)
    return partial(
        releases.write,
        job.service,
        releases.again(old),
        actor=job.operation.requested_by,
        build=old.build,
        back_to=number,
    )


def finish(job: Job) -> dict[str, Any]:
    return {**rollouts.finish(job), "rolled_back_to": job.operation.params["release"]}


WORK = {
    "start": start_step,
    "health": rollouts.health_step,
    "route": rollouts.route_step,
    "settle": rollouts.settle_step,
}
