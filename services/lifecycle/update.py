"""Update: change a service's settings; they apply with the next deploy or restart."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from services import audit
from services.errors import InvalidError, NotFoundError
from services.lifecycle import plan, port_wishes, ports
from services.lifecycle.complaints import check_all
from services.lifecycle.deploy import DeployOptions, deploy, deploy_change
from services.lifecycle.folder import check_name, taken
from services.lifecycle.status import refresh_status
from services.models import Kind, Operation, Service
from services.models.changes import Facts, difference, settings_of
from services.models.checks import read
from services.models.config import MAX_VARIABLES, SERVICE, SERVICE_MAPS

RUN_FIELDS = {
    "detected_in",
    "environment",
    "secret_names",
    "port_mappings",
    "volume_mounts",
    "resource_limits",
    "health_check_config",
    "deployment_config",
}


def update_service(service: Service, *, fields: dict[str, Any], actor: str) -> Service:
    """Only the fields given change. Where `auto_deploy` is set the change is deployed at once, but
    for a service that is stopped: there it waits."""
    if not fields:
        return service
    with transaction.atomic():
        _write(service, fields)
        if service.has_pending_changes and service.deployment_config.get("auto_deploy"):
            deploy_change(service, actor=actor)
    refresh_status(service)
    return service


def _write(service: Service, fields: dict[str, Any]) -> None:
    _refuse_too_many(fields)
    _refuse_showing(service, fields)
    check_all(
        (
            partial(check_name, service.team, fields.get("name", service.name), owner=service),
            partial(_refuse_ports, service, fields.get("port_mappings", {})),
        )
    )
    had = settings_of(service)
    for name, value in fields.items():
        setattr(service, name, value)
    changed = set(fields)
    if changed & RUN_FIELDS and _may_miss_them(service):
        service.has_pending_changes = True
        changed.add("has_pending_changes")
    try:
        with transaction.atomic():
            service.save(update_fields=[*changed, "updated_at"])
            _note(service, difference(had, settings_of(service)), set(fields))
    except IntegrityError as exc:
        raise taken(service.name) from exc


def _may_miss_them(service: Service) -> bool:
    """What runs was made of other settings, or will be: the first deploy may have read them before
    this change and write its release after it. When it ends it takes older changes back."""
    writes_release = service.operations.open().filter(kind__in=(Kind.DEPLOY, Kind.ROLLBACK))
    return service.wanted_release_id is not None or writes_release.exists()


def _note(service: Service, differs: tuple[Facts, Facts], fields: set[str]) -> None:
    action = "env.set" if fields <= {"environment", "secret_names"} else "service.update"
    audit.note(service, action=action, before=differs[0], after=differs[1])


Check = Callable[[Service], None]


def change_service(
    service: Service,
    *,
    fields: dict[str, Any],
    is_merge: bool,
    actor: str,
    check: Check | None = None,
) -> Service:
    """PUT replaces a map, PATCH merges it. The row is read anew under its lock: two merges at once
    lose nothing, and limits count what both made of it. `check` may refuse the row as it is."""
    moved = _moved(service, fields)  # looks at a folder, which takes too long under a lock
    with transaction.atomic():
        fresh = _locked(service, check)
        changed = _changes(fresh, fields, is_merge=is_merge) | moved
        return update_service(fresh, fields=changed, actor=actor)


def deploy_with(
    service: Service,
    overrides: dict[str, Any],
    *,
    actor: str,
    options: DeployOptions | None = None,
    check: Check | None = None,
) -> Operation:
    """What --start and its like say, added to what was said before and kept for later deploys, and
    one deploy: both or neither."""
    with transaction.atomic():
        fresh = _locked(service, check)
        if overrides:
            _write(fresh, {"overrides": {**fresh.overrides, **overrides}})
        return deploy(fresh, actor=actor, options=options)


def set_environment(
    service: Service,
    *,
    variables: dict[str, str | None],
    secret_names: list[str] | None,
    actor: str,
    check: Check | None = None,
) -> Service:
    """Merge: a value of None removes the variable; `secret_names` None leaves the list alone."""
    with transaction.atomic():
        fresh = _locked(service, check)
        environment = without_nulls({**fresh.environment, **variables})
        names = fresh.secret_names if secret_names is None else secret_names
        fields = {
            "environment": environment,
            "secret_names": sorted(name for name in set(names) if name in environment),
        }
        return update_service(fresh, fields=fields, actor=actor)


def without_nulls(variables: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if value is not None}


def _locked(service: Service, check: Check | None) -> Service:
    row = Service.objects.locked().filter(pk=service.pk).first()
    if row is None or row.is_removed:
        raise NotFoundError("Service not found")
    if check is not None:
        check(row)
    return row


def _moved(service: Service, fields: dict[str, Any]) -> dict[str, Any]:
    """Another folder is looked at as a new service's is."""
    folder_path = fields.get("folder_path", service.folder_path)
    if folder_path == service.folder_path:
        return {}
    found = plan.only_service(service.workspace, folder_path, service.overrides)
    return {"detected_in": folder_path, "source_name": found.name}


def _changes(service: Service, fields: dict[str, Any], *, is_merge: bool) -> dict[str, Any]:
    """The columns that change. A null variable is kept by a PUT (secrets read back null), deleted
    by a PATCH. A type that was set outlives the next look."""
    changed = {**fields, **(_merged(service, fields) if is_merge else {})}
    if (given := fields.get("environment")) is not None:
        had: dict[str, str] = service.environment
        merged = {**had, **given} if is_merge else {k: _kept(had, k, v) for k, v in given.items()}
        changed["environment"] = without_nulls(merged)
    if service_type := changed.pop("service_type", None):
        changed["overrides"] = {**service.overrides, "type": service_type}
    return changed


def _merged(service: Service, fields: dict[str, Any]) -> dict[str, Any]:
    """Checked again as a whole: two halves that are fine alone can contradict each other."""
    sent = [name for name in SERVICE_MAPS if name in fields]
    maps = {name: {**getattr(service, name), **fields[name]} for name in sent}
    return read(maps, SERVICE, message="Service validation failed")


def _kept(had: dict[str, str], name: str, value: str | None) -> str | None:
    return had.get(name) if value is None else value


def _refuse_too_many(fields: dict[str, Any]) -> None:
    """Each request is small enough by itself; what they add up to is counted here."""
    if len(fields.get("environment", ())) > MAX_VARIABLES:
        complaint = f"must have at most {MAX_VARIABLES} entries, with those that are set already"
        raise InvalidError(
            "Service validation failed",
            details={"environment_variables": [complaint]},
            fix="remove variables that are not needed any more",
        )


def _refuse_ports(service: Service, mappings: dict[str, Any]) -> None:
    port = service.plan.get("port")
    http_port = ports.http_port(mappings, process=service.process, port=port)
    port_wishes.check(mappings, http_port=http_port, owner=service)


def _refuse_showing(service: Service, fields: dict[str, Any]) -> None:
    """A secret is never shown again: only with a new value may its name leave the secret ones."""
    environment = fields.get("environment", service.environment)
    unmarked = set(service.secret_names) - set(fields.get("secret_names", service.secret_names))
    kept = [n for n in sorted(unmarked) if environment.get(n) == service.environment.get(n)]
    if any(name in environment for name in kept):
        raise InvalidError(
            f"{', '.join(kept)}: a secret cannot be made readable",
            code="env.secret_stays",
            details={"secret_variables": [f"{name} must stay in the list" for name in kept]},
            fix="give the variable a new value in the same request, or remove it",
        )
