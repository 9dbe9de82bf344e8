"""Scale: another number of replicas, without a failed request."""

from django.db import transaction

from services.errors import InvalidError
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.job import Job
from services.lifecycle.operations import enqueue
from services.lifecycle.start import health_step
from services.models import Kind, Operation, Service, WantedState


def scale(service: Service, *, replicas: int, actor: str) -> Operation:
    _check(service, replicas)
    with transaction.atomic():
        operation = enqueue(service, Kind.SCALE, actor=actor, params={"replicas": replicas})
        Service.objects.filter(pk=service.pk).update(wanted_replicas=replicas)
    return operation


def _check(service: Service, replicas: int) -> None:
    most = int(service.scaling_config.get("max_replicas") or 10)
    least = int(service.scaling_config.get("min_replicas") or 1)
    if not least <= replicas <= most:
        raise InvalidError(
            f"{replicas} replicas are not between {least} and {most}",
            details={"replica_count": [f"must be between {least} and {most}"]},
            fix="change scaling_config.max_replicas first, or use stop to run none",
        )
    release = service.wanted_release
    if release and replicas > 1 and ReleaseConfig.from_json(release.config).strategy == "recreate":
        raise InvalidError(
            f"{service.name} can run once only: it writes to a volume or owns a raw host port",
            code="service.single_instance",
            details={"replica_count": ["this service can run once only"]},
            fix="mount it read-only or a tmpfs in its place, or leave the raw host_port out",
        )


def scale_step(job: Job) -> None:
    job.note(f"{job.operation.params['replicas']} replicas")
    if job.service.wanted_state != WantedState.RUNNING:
        job.skip("health", why="the service does not run; the number counts from its next start")


WORK = {"scale": scale_step, "health": health_step}
