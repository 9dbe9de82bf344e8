"""Releases: what a service is to run, frozen from its plan, its settings and its image."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from posixpath import normpath
from typing import Any

from django.db import transaction
from django.db.models import Max

from detection import DetectedService, HealthCommand
from services.errors import InvalidError
from services.lifecycle import ports
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.connections import connected, is_declared
from services.lifecycle.engine import runtime
from services.lifecycle.plan import PlannedService
from services.models import Build, Release, Service
from services.probes.plan import INTERVAL_S, RETRIES, START_PERIOD_S, TIMEOUT_S, within
from services.runtimes.base import Limits, Mount, PublishedPort

# Each volume is made by a call of its own before an instance starts, and kept when it ends.
MOST_MOUNTS = 50


@dataclass(frozen=True, slots=True)
class Draft:
    """A release that is not written yet; `fingerprint` says whether it is a new one."""

    image_ref: str
    image_digest: str
    config: ReleaseConfig
    environment: dict[str, str]
    git_commit: str = ""

    @property
    def fingerprint(self) -> str:
        # With the addresses of today: where KYOZO_HOST_IP changed, an unchanged folder is deployed.
        config = replace(self.config, ports=ports.at_addresses(self.config.ports))
        parts = [self.image_digest, config.to_json(), self.environment]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def draft(service: Service, plan: DetectedService, *, image_ref: str, digest: str) -> Draft:
    """Merge what was detected with what people set; people win, key by key. Claims host ports."""
    http_port = ports.http_port(service.port_mappings, process=plan.process, port=plan.port)
    config = ReleaseConfig(
        http_port=http_port,
        check_port=plan.port if http_port is None and plan.process == "database" else None,
        command=_command(plan),
        entrypoint=plan.entrypoint,
        ports=_raw_ports(service, http_port),
        mounts=_mounts(service, plan, runtime().image_volumes(digest)),
        limits=_limits(service),
        health=_health(service, plan, http_port),
        generated_image=plan.image is None and plan.dockerfile_path is None,
        process=plan.process,
    )
    if http_port is not None:
        _claim_http(service, plan, http_port)
    single = any(m.type == "volume" and m.mode == "rw" for m in config.mounts) or config.ports
    return Draft(
        image_ref=image_ref,
        image_digest=digest,
        config=replace(config, strategy="recreate" if single else "rolling"),
        environment=environment(service, plan, http_port),
        git_commit=service.workspace.git_commit,
    )


def write(
    service: Service,
    draft: Draft,
    *,
    actor: str,
    build: Build | None = None,
    back_to: int | None = None,
) -> Release:
    """The next numbered release of a service."""
    with transaction.atomic():
        Service.objects.locked().get(pk=service.pk)
        last = service.releases.aggregate(Max("number"))["number__max"] or 0
        return Release.objects.create(
            service=service,
            number=last + 1,
            image_ref=draft.image_ref,
            image_digest=draft.image_digest,
            config=draft.config.to_json(),
            environment=draft.environment,
            fingerprint=draft.fingerprint,
            git_commit=draft.git_commit,
            build=build,
            rolled_back_from=back_to,
            created_by=actor,
        )


def again(release: Release) -> Draft:
    """The same image, configuration and environment once more (rollback)."""
    return Draft(
        image_ref=release.image_ref,
        image_digest=release.image_digest,
        config=ReleaseConfig.from_json(release.config),
        environment=release.environment,
        git_commit=release.git_commit,
    )


def environment(service: Service, plan: DetectedService, http_port: int | None) -> dict[str, str]:
    """PORT, then what its edges give, what the folder's own files give, what people set."""
    names = _names_of(service)
    values = {} if http_port is None else {"PORT": str(http_port)}
    if isinstance(plan, PlannedService):
        values |= connected(service, plan.connections)
    for variable in plan.environment:
        if variable.default is not None and is_declared(variable, is_image=plan.image is not None):
            values[variable.name] = _renamed(variable.default, names)
    return {**values, **service.environment}


def _names_of(service: Service) -> dict[str, str]:
    """What the folder calls its services -> what they are called on the team's network."""
    siblings = Service.objects.visible_to(service.team).filter(
        workspace=service.workspace, detected_in=service.detected_in
    )
    rows = siblings.values_list("source_name", "name")
    return {source: name for source, name in rows if source and source != name}


def _renamed(value: str, names: dict[str, str]) -> str:
    """Host names in an address (`@db:5432`, `//api/`, or the whole value) follow the renaming."""
    for source, name in names.items():
        if value == source:
            return name
        value = re.sub(rf"(//|@){re.escape(source)}(?=[:/?]|$)", rf"\g<1>{name}", value)
    return value


def _claim_http(service: Service, plan: DetectedService, port: int) -> None:
    asked = service.port_mappings.get(str(port), {}).get("host_port")
    if asked is None and plan.published_port and not service.host_ports.exists():
        # A compose file's host port is a wish: it is taken when free, and no reason to fail.
        try:
            ports.claim_http(service, port, ports.in_block(plan.published_port))
        except InvalidError:
            ports.claim_http(service, port, None)
        return
    ports.claim_http(service, port, asked)


def _raw_ports(service: Service, http_port: int | None) -> tuple[PublishedPort, ...]:
    found = []
    for text, mapping in sorted(service.port_mappings.items()):
        host_port = mapping.get("host_port")
        if int(text) == http_port or host_port is None:
            continue
        protocol = mapping.get("protocol", "tcp")
        host_ip = mapping.get("host_ip", "")
        ports.claim_raw(service, int(text), int(host_port), protocol, host_ip=host_ip)
        found.append(PublishedPort(int(text), int(host_port), protocol, host_ip))
    return tuple(found)


def _command(plan: DetectedService) -> tuple[str, ...] | None:
    """What compose, kyozo.toml or --start tell an image to run instead of its own command."""
    return tuple(plan.command) or None


def _mounts(
    service: Service, plan: DetectedService, data_folders: Iterable[str]
) -> tuple[Mount, ...]:
    """Where the image itself says that it keeps data, a name makes the data follow the service: a
    nameless volume would be a new one with each container."""
    mounts = {v.path: Mount(target=v.path, source=v.name, mode=v.mode) for v in plan.volumes}
    for target, mount in service.volume_mounts.items():
        mounts[target] = Mount(
            target=target,
            source=mount.get("source", ""),
            mode=mount.get("mode", "rw"),
            type=mount.get("type", "volume"),
        )
    taken = {normpath(target) for target in mounts}
    for path in data_folders:
        if normpath(path) not in taken:
            mounts[path] = Mount(target=path, source=_own_volume(service, path))
    if len(mounts) > MOST_MOUNTS:
        message = f"{service.name} has {len(mounts)} mounts; {MOST_MOUNTS} are allowed."
        raise InvalidError(
            message,
            details={"volume_mounts": ["its compose file's and its image's volumes count, too"]},
        )
    return tuple(mounts[target] for target in sorted(mounts))


def _own_volume(service: Service, path: str) -> str:
    """Of this service only, also under another name."""
    readable = re.sub(r"[^a-zA-Z0-9_.-]", "-", path)[:60]
    digest = hashlib.sha256(path.encode(errors="surrogateescape")).hexdigest()
    return f"{service.id.hex[:8]}{readable}-{digest[:6]}"


def _limits(service: Service) -> Limits:
    known = {k: v for k, v in service.resource_limits.items() if k != "disk_mb" and v is not None}
    return Limits(**known)


def _health(service: Service, plan: DetectedService, http_port: int | None) -> dict[str, Any]:
    if service.health_check_config:
        return dict(service.health_check_config)
    if plan.health_command is not None:
        return _command_check(plan.health_command)
    if http_port is not None:
        return {"enabled": True, "type": "http", "endpoint": plan.health_endpoint or "/"}
    if plan.process == "database" and plan.port:
        return {"enabled": True, "type": "tcp", "port": plan.port}
    return {}


def _command_check(check: HealthCommand) -> dict[str, Any]:
    """Compose's healthcheck: CMD-SHELL runs in the container's own shell, never in one of ours. To
    compose 0 is the default, but for the start period."""
    kind, *rest = check.test
    argv = ["/bin/sh", "-c", *rest] if kind == "CMD-SHELL" else rest
    config: dict[str, Any] = {
        "enabled": True,
        "type": "command",
        "command": argv if kind in {"CMD", "CMD-SHELL"} else list(check.test),
    }
    if check.interval_s:
        config["interval_seconds"] = within(check.interval_s, INTERVAL_S)
    if check.timeout_s:
        config["timeout_seconds"] = within(check.timeout_s, TIMEOUT_S)
    if check.retries:
        config["retries"] = within(check.retries, RETRIES)
    if check.start_period_s is not None:
        config["start_period_seconds"] = within(check.start_period_s, START_PERIOD_S)
    return config
