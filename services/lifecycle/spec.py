"""From an instance's row to what the engine must know to run it."""

from django.conf import settings

from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import runtime
from services.lifecycle.ports import at_addresses
from services.models import Instance, Service
from services.runtimes import base
from services.runtimes.base import Mount, Network, PublishedPort, ServiceSpec, Slot


def service_spec(instance: Instance, network: Network, *, fence: int) -> ServiceSpec:
    """The spec of exactly this instance: its release's image, configuration and environment."""
    release, service = instance.release, instance.service
    config = ReleaseConfig.from_json(release.config)
    return ServiceSpec(
        service_id=str(service.id),
        release=release.number,
        generation=instance.generation,
        image=release.image_digest or release.image_ref,
        slots=(
            Slot(
                instance_id=str(instance.id),
                name=instance.name,
                replica=instance.replica,
                address=instance.address or "",
            ),
        ),
        labels=labels(instance, fence=fence),
        network=network,
        aliases=(service.name,) if instance.is_named else (),
        command=config.command,
        entrypoint=config.entrypoint,
        environment=release.environment,
        ports=_published(config),
        mounts=tuple(_named(mount, instance) for mount in config.mounts),
        limits=config.limits,
        generated_image=config.generated_image,
        stop_grace_s=settings.KYOZO["STOP_GRACE_S"],
    )


def labels(instance: Instance, *, fence: int) -> dict[str, str]:
    service, release = instance.service, instance.release
    return {
        base.LABEL_INSTALL: settings.KYOZO["INSTALL"],
        base.LABEL_TEAM: str(service.team_id),
        base.LABEL_WORKSPACE: str(service.workspace_id),
        base.LABEL_SERVICE: str(service.id),
        base.LABEL_RELEASE: str(release.number),
        base.LABEL_GENERATION: str(instance.generation),
        base.LABEL_REPLICA: str(instance.replica),
        base.LABEL_INSTANCE: str(instance.id),
        base.LABEL_FENCE: str(fence),
        base.LABEL_SPEC: release.fingerprint,
    }


def volume_name(source: str, service: Service) -> str:
    """Named volumes belong to a workspace: two projects that both say `data` do not share it."""
    install = settings.KYOZO["INSTALL"]
    return f"kyozo-{install}-{service.team_id.hex[:8]}-{service.workspace_id.hex[:8]}-{source}"


def _named(mount: Mount, instance: Instance) -> Mount:
    if mount.type != "volume":
        return mount
    name = volume_name(mount.source, instance.service)
    return Mount(target=mount.target, source=name, mode=mount.mode, type="volume")


def _published(config: ReleaseConfig) -> tuple[PublishedPort, ...]:
    """Raw ports as asked; without addresses of their own, also the one the router needs."""
    port, published = config.http_port or config.check_port, at_addresses(config.ports)
    if runtime().caps().direct_addresses or port is None:
        return published
    if any(p.container_port == port for p in published):
        return published
    return (*published, PublishedPort(container_port=port, host_port=0))
