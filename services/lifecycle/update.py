"""Update: change a service's settings; they apply with the next deploy or restart."""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction

from services.errors import InvalidError
from services.lifecycle.deploy import deploy
from services.lifecycle.folder import taken
from services.lifecycle.status import refresh_status
from services.models import Service

RUN_FIELDS = {
    "environment",
    "secret_names",
    "port_mappings",
    "volume_mounts",
    "resource_limits",
    "health_check_config",
    "deployment_config",
}


def update_service(service: Service, *, fields: dict[str, Any], actor: str) -> Service:
    """Only the fields given change. Where `auto_deploy` is set the change is deployed at once."""
    if not fields:
        return service
    _refuse_showing(service, fields)
    for name, value in fields.items():
        setattr(service, name, value)
    changed = set(fields)
    if changed & RUN_FIELDS and service.wanted_release_id is not None:
        service.has_pending_changes = True
        changed.add("has_pending_changes")
    try:
        with transaction.atomic():
            service.save(update_fields=[*changed, "updated_at"])
            if service.has_pending_changes and service.deployment_config.get("auto_deploy"):
                deploy(service, actor=actor)
    except IntegrityError as exc:
        raise taken(service.name) from exc
    refresh_status(service)
    return service


def change_service(
    service: Service, *, change: Callable[[Service], dict[str, Any]], actor: str
) -> Service:
    """For changes that build on what is there: `change` sees the row as it is now, and nobody else
    writes it until its fields are stored."""
    with transaction.atomic():
        fresh = Service.objects.select_for_update().get(pk=service.pk)
        return update_service(fresh, fields=change(fresh), actor=actor)


def set_environment(
    service: Service,
    *,
    variables: dict[str, str | None],
    secret_names: list[str] | None,
    actor: str,
) -> Service:
    """Merge: a value of None removes the variable; `secret_names` None leaves the list alone."""

    def change(fresh: Service) -> dict[str, Any]:
        merged = {**fresh.environment, **variables}
        environment = {k: v for k, v in merged.items() if v is not None}
        names = fresh.secret_names if secret_names is None else secret_names
        kept = sorted(name for name in set(names) if name in environment)
        return {"environment": environment, "secret_names": kept}

    return change_service(service, change=change, actor=actor)


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
