"""A service spec as the JSON that Docker's create call takes: pure, no engine needed."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.errors import InvalidError
from services.runtimes.base import (
    LABEL_FENCE,
    LABEL_GENERATION,
    LABEL_INSTANCE,
    LABEL_RELEASE,
    LABEL_REPLICA,
    LABEL_SERVICE,
    EngineImage,
    Limits,
    Mount,
    PublishedPort,
    ServiceSpec,
    Slot,
)

MIB = 1024 * 1024
CPU_PERIOD_US = 100_000
# What images made by others usually need to drop root by themselves; ours need nothing.
FOREIGN_IMAGE_CAPABILITIES = (
    "NET_BIND_SERVICE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "SETGID",
    "SETUID",
    "KILL",
)
MOUNT_TYPES = ("volume", "tmpfs")


def instance_body(
    spec: ServiceSpec, slot: Slot, *, image: EngineImage, fence_token: int
) -> dict[str, Any]:
    """The create call of one instance: fixed address, aliases, ports, no restart policy."""
    labels = instance_labels(spec, slot, fence_token=fence_token)
    body = container_body(spec, image=image, labels=labels)
    endpoint: dict[str, Any] = {"Aliases": list(spec.aliases)}
    if slot.address:
        endpoint["IPAMConfig"] = {"IPv4Address": slot.address}
    body["NetworkingConfig"] = {"EndpointsConfig": {spec.network.name: endpoint}}
    body["ExposedPorts"] = {_port_key(port): {} for port in spec.ports}
    body["HostConfig"]["PortBindings"] = port_bindings(spec.ports)
    if spec.command is not None:
        body["Cmd"] = list(spec.command)
    if spec.entrypoint:
        body["Entrypoint"] = list(spec.entrypoint)  # the engine then forgets the image's command
    return body


def container_body(
    spec: ServiceSpec, *, image: EngineImage, labels: Mapping[str, str]
) -> dict[str, Any]:
    """What instances and one-off commands have in common.

    A container inherits the labels of its image, which its author chose: those of a compose project
    would make it stand for a container of that project, others steer proxies, or are ours. The
    engine lets nobody leave a label out, so each gets an empty value. The image is named by its id,
    as its name may lead to other labels by now.
    """
    return {
        "Image": image.engine_id,
        "Env": [f"{name}={value}" for name, value in spec.environment.items()],
        "Labels": dict.fromkeys(image.labels, "") | dict(labels),
        "StopTimeout": spec.stop_grace_s,
        "HostConfig": host_config(spec),
    }


def instance_labels(spec: ServiceSpec, slot: Slot, *, fence_token: int) -> dict[str, str]:
    """Ours win over the caller's: nobody can name an instance something it is not."""
    return dict(spec.labels) | {
        LABEL_SERVICE: spec.service_id,
        LABEL_RELEASE: str(spec.release),
        LABEL_GENERATION: str(spec.generation),
        LABEL_REPLICA: str(slot.replica),
        LABEL_INSTANCE: slot.instance_id,
        LABEL_FENCE: str(fence_token),
    }


def host_config(spec: ServiceSpec) -> dict[str, Any]:
    added = () if spec.generated_image else FOREIGN_IMAGE_CAPABILITIES
    return limit_fields(spec.limits) | {
        "NetworkMode": spec.network.name,
        "RestartPolicy": {"Name": "no"},
        "Privileged": False,
        "Init": True,
        "CapDrop": ["ALL"],
        "CapAdd": list(added),
        "SecurityOpt": ["no-new-privileges:true"],
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        "Mounts": [mount_body(mount, labels=spec.labels) for mount in spec.mounts],
    }


def limit_fields(limits: Limits) -> dict[str, Any]:
    """CPU as a quota, not as NanoCpus: the engine refuses those when it has fewer cores."""
    fields: dict[str, Any] = {
        "Memory": limits.memory_mb * MIB,
        "MemorySwap": (limits.memory_mb + limits.swap_mb) * MIB,
        "CpuPeriod": CPU_PERIOD_US,
        "CpuQuota": max(1000, round(limits.cpu_cores * CPU_PERIOD_US)),
        "PidsLimit": limits.pids,
        "Ulimits": [
            {"Name": name, "Soft": value, "Hard": value} for name, value in limits.ulimits.items()
        ],
    }
    if limits.cpu_shares is not None:
        fields["CpuShares"] = limits.cpu_shares
    return fields


def mount_body(mount: Mount, *, labels: Mapping[str, str]) -> dict[str, Any]:
    """Never a path of the host. A volume the engine creates on the way gets our labels, too."""
    if mount.type not in MOUNT_TYPES:
        message = f"A mount of type {mount.type!r} is not supported."
        raise InvalidError(
            message,
            details={"volume_mounts": [f"type must be one of: {', '.join(MOUNT_TYPES)}"]},
        )
    body: dict[str, Any] = {"Type": mount.type, "Target": mount.target}
    if mount.type == "volume":
        body["Source"] = mount.source
        body["ReadOnly"] = mount.mode == "ro"
        body["VolumeOptions"] = {"Labels": dict(labels)}
    return body


def port_bindings(ports: Sequence[PublishedPort]) -> dict[str, list[dict[str, str]]]:
    """One container port may be published more than once; host port 0 is the engine's choice."""
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        host_port = str(port.host_port) if port.host_port else ""
        bindings.setdefault(_port_key(port), []).append(
            {"HostIp": port.host_ip, "HostPort": host_port}
        )
    return bindings


def _port_key(port: PublishedPort) -> str:
    return f"{port.container_port}/{port.protocol}"
