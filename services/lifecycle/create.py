"""Create: a service that somebody describes instead of one that was found."""

from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from services import audit
from services.lifecycle import plan, port_wishes, ports
from services.lifecycle.complaints import check_all
from services.lifecycle.connections import give_passwords
from services.lifecycle.deploy import apply_plan, deploy
from services.lifecycle.folder import check_name, taken
from services.lifecycle.workspaces import lock
from services.models import Service, Workspace
from services.models.changes import what_is_set
from services.teams.models import Team

OWN_KEYS = {"type": "service_type"}


def create_service(
    team: Team, *, workspace: Workspace, fields: dict[str, Any], actor: str
) -> Service:
    """`fields` are validated. Looks at the folder at once; `auto_deploy` also deploys."""
    folder_path = fields.pop("folder_path", "/")
    auto_deploy = fields.pop("auto_deploy", False) or fields.get("deployment_config", {}).get(
        "auto_deploy", False
    )
    overrides = {k: fields[field] for k, field in OWN_KEYS.items() if fields.get(field)}
    found = plan.only_service(workspace, folder_path, overrides)
    mappings = fields.get("port_mappings", {})
    http_port = ports.http_port(mappings, process=found.process, port=found.port)
    check_all(
        (
            partial(check_name, team, fields["name"]),
            partial(port_wishes.check, mappings, http_port=http_port),
        )
    )
    with transaction.atomic():
        lock(workspace)
        try:
            with transaction.atomic():
                service = Service.objects.create(
                    team=team,
                    workspace=workspace,
                    folder_path=folder_path,
                    detected_in=folder_path,
                    source_name=found.name,
                    overrides=overrides,
                    **{k: v for k, v in fields.items() if k != "service_type"},
                )
        except IntegrityError as exc:
            raise taken(fields["name"]) from exc
        apply_plan(service, found)
        if found.database_kind and give_passwords(service, found.database_kind):
            service.save(update_fields=["environment", "secret_names"])
        audit.note(service, action="service.create", after=what_is_set(service))
        if auto_deploy:
            deploy(service, actor=actor)
    return service
