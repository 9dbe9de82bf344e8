"""Create: a service that somebody describes instead of one that was found."""

from typing import Any

from django.db import IntegrityError, transaction

from detection import DetectedService
from services.errors import InvalidError
from services.lifecycle import plan
from services.lifecycle.deploy import apply_plan, deploy
from services.lifecycle.folder import taken
from services.models import Service, Workspace
from services.teams.models import Team

OWN_KEYS = {"type": "service_type"}


def create_service(
    team: Team, *, workspace: Workspace, fields: dict[str, Any], actor: str
) -> Service:
    """`fields` are validated. Looks at the folder at once; `auto_deploy` also deploys."""
    folder_path = fields.pop("folder_path", "/") or "/"
    auto_deploy = fields.pop("auto_deploy", False) or fields.get("deployment_config", {}).get(
        "auto_deploy", False
    )
    overrides = {k: fields[field] for k, field in OWN_KEYS.items() if fields.get(field)}
    found = _look(workspace, folder_path, overrides)
    with transaction.atomic():
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
        if auto_deploy:
            deploy(service, actor=actor)
    return service


def _look(workspace: Workspace, folder_path: str, overrides: dict[str, Any]) -> DetectedService:
    analysis = plan.analyse_folder(workspace, folder_path, overrides)
    rows = plan.planned(analysis)
    deployable = [row for row in rows if plan.why_not(row) is None]
    if not deployable:
        raise plan.nothing_deployable(analysis, rows)
    web = [row for row in deployable if row.process == "web"]
    if len(web or deployable) > 1:
        names = ", ".join(row.name for row in deployable)
        raise InvalidError(
            f"several services live in {folder_path}: {names}",
            details={"folder_path": [f"several services: {names}"]},
            fix="name the folder of one of them, or deploy the workspace",
        )
    return (web or deployable)[0]
