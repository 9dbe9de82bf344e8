"""Removing a workspace: only an empty one, with the platform's own copy of its files. A folder that
was registered is never touched."""

from django.db import transaction

from services import audit
from services.accounts.tokens import revoke_token
from services.errors import ConflictError, NotFoundError
from services.lifecycle.clean import remove_images_of
from services.lifecycle.trees import holding
from services.lifecycle.workspaces import told
from services.models import Instance, Operation, Service, Workspace
from services.teams.models import ApiToken

SHOWN = 20


def remove_workspace(workspace: Workspace) -> None:
    """What is left of its removed services goes with it: first their images, because nobody would
    know them without their rows, then their history. Tokens of this workspace are revoked. Volumes
    stay."""
    _check_empty(workspace)
    if not workspace.is_copy:
        _forget(workspace)
        return
    with holding(workspace.id) as held, held.removing():
        _forget(workspace)


def _forget(workspace: Workspace) -> None:
    _remove_images(workspace)
    with transaction.atomic():
        # What is made in it waits for this row, and then finds it gone.
        if Workspace.objects.select_for_update().filter(pk=workspace.pk).first() is None:
            raise NotFoundError("Workspace not found")
        _check_empty(workspace)
        for token in ApiToken.objects.filter(workspace=workspace):
            revoke_token(token)
        audit.note(workspace, action="workspace.remove", before=told(workspace))
        workspace.delete()


def _remove_images(workspace: Workspace) -> None:
    removed = Service.objects.filter(workspace=workspace).values_list("id", flat=True)
    if removed and (left := remove_images_of(list(removed))):
        raise ConflictError(
            f"images of removed services of {workspace.name} are still in use: {', '.join(left)}",
            code="workspace.in_use",
            fix="remove the containers that somebody made from them, or try again in a moment",
            params={"services": [], "images": left},
        )


def _check_empty(workspace: Workspace) -> None:
    mine = Service.objects.filter(workspace=workspace)
    used = Service.objects.visible_to(workspace.team).filter(workspace=workspace)
    going = mine.filter(pk__in=Operation.objects.open().values("service"))
    going |= mine.filter(pk__in=Instance.objects.alive().values("service"))
    names = list(used.order_by("name").values("id", "name")[: SHOWN + 1])
    if names:
        raise ConflictError(
            f"{workspace.name} has services: {', '.join(row['name'] for row in names[:SHOWN])}"
            f"{' and more' if len(names) > SHOWN else ''}",
            code="workspace.in_use",
            fix="remove its services first",
            params={
                "services": [{"id": str(row["id"]), "name": row["name"]} for row in names[:SHOWN]]
            },
        )
    if going.exists():
        raise ConflictError(
            f"a service of {workspace.name} is still being removed",
            code="workspace.in_use",
            fix="try again in a moment",
            params={"services": []},
        )
