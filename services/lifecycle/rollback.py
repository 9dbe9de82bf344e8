"""Rollback: what an earlier release ran, as a new release, without a build."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from services.errors import ConflictError, InvalidError, NotFoundError
from services.lifecycle import platform_ports, releases, rollouts
from services.lifecycle.engine import runtime
from services.lifecycle.job import Job
from services.lifecycle.operations import enqueue
from services.lifecycle.releases import Draft
from services.models import Kind, Operation, Outcome, Release, Service
from services.runtimes.base import PublishedPort


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
    _check_ports(_again(service, target))
    return enqueue(service, Kind.ROLLBACK, actor=actor, params={"release": target.number})


def _again(service: Service, release: Release) -> Draft:
    draft = releases.again(release)
    published = tuple(_where_allowed(service, port) for port in draft.config.ports)
    return replace(draft, config=replace(draft.config, ports=published))


def _where_allowed(service: Service, port: PublishedPort) -> PublishedPort:
    """Older releases hold the `KYOZO_HOST_IP` of their time as if somebody had named it. What the
    service's settings do not name gives way to that of today; a name that is kept is refused."""
    named = service.port_mappings.get(str(port.container_port), {}).get("host_ip")
    if port.host_ip == named or platform_ports.is_allowed(port.host_ip):
        return port
    return replace(port, host_ip="")


def _check_ports(draft: Draft) -> None:
    """What it published then may be the platform's by now, or at an address allowed no more."""
    for port in draft.config.ports:
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
        _again(job.service, old),
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
