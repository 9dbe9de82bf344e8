"""Making workspaces: from a folder of this machine, from an archive that somebody sends."""

import re
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from services import audit
from services.accounts import members
from services.errors import InvalidError, NotFoundError
from services.lifecycle.trees import Holding, Stream, holding, receive
from services.models import Service, StorageBackend, Workspace
from services.sources.archive import unpack
from services.sources.git_ssh import fingerprint
from services.sources.roots import resolve_folder
from services.teams.models import Team


def register_folder(team: Team, *, folder: Path, name: str = "", actor: str) -> Workspace:
    """The workspace of a folder under `KYOZO_FOLDER_ROOTS`; the same folder, the same one."""
    roots = settings.KYOZO["FOLDER_ROOTS"]
    real = resolve_folder(str(folder), roots=roots, state_dir=settings.KYOZO["HOME"])
    if found := Workspace.objects.visible_to(team).filter(root=str(real)).first():
        audit.about(found)
        return found
    base = name or slug(real.name)
    return create(team, uuid4(), base, root=str(real), storage_backend=StorageBackend.FOLDER)


def from_archive(
    team: Team, stream: Stream, *, name: str = "", key: UUID | None = None
) -> Workspace:
    """A new workspace with what the archive holds; with a `key` that one, which may be there."""
    key = key or uuid4()
    with holding(key) as held:
        if found := made_before(team, key):
            return found
        try:
            base, backend = name or "upload", StorageBackend.ARCHIVE
            root = str(_unpacked(held, stream, slug(base)))
            return create(team, key, base, root=root, storage_backend=backend)
        except BaseException:
            shutil.rmtree(held.place, ignore_errors=True)
            raise


def made_before(team: Team, key: UUID) -> Workspace | None:
    """By a request that did not come to its answer. To be asked under the workspace's lock."""
    found = Workspace.objects.visible_to(team).filter(pk=key).first()
    if found is not None:
        audit.about(found)
    return found


def replace_archive(workspace: Workspace, stream: Stream) -> Workspace:
    """Other content for a workspace that an archive made; until it is whole the old one stays."""
    if workspace.storage_backend != StorageBackend.ARCHIVE:
        raise other_source(workspace, fix="make a new workspace from the archive")
    with holding(workspace.id) as held:
        root = _unpacked(held, stream, Path(workspace.root).name)
        workspace.root = str(root)
        with transaction.atomic():
            lock(workspace)
            workspace.save(update_fields=["root", "updated_at"])
            audit.note(workspace, action="workspace.replace")
        held.clear(keep=root)
    return workspace


def other_source(workspace: Workspace, *, fix: str) -> InvalidError:
    return InvalidError(
        f"{workspace.name} was made from another source",
        code="workspace.other_source",
        details={"storage_backend": [f"is {workspace.storage_backend}"]},
        fix=fix,
    )


def _unpacked(held: Holding, stream: Stream, name: str) -> Path:
    sent = held.unfinished()
    try:
        receive(stream, sent)
        with held.making() as made:
            unpack(sent, made / name)
    finally:
        sent.unlink(missing_ok=True)
    return made.with_suffix("") / name


def create(team: Team, key: UUID, name: str, *, root: str, **fields: Any) -> Workspace:
    """With a number behind the name where the team has one of that name."""
    base = name[:90]
    for candidate in (base, *(f"{base}-{n}" for n in range(2, 1000))):
        try:
            with transaction.atomic():
                members.lock(team.pk)  # a team that is just being removed gets none
                made = Workspace.objects.create(
                    id=key, team=team, name=candidate, root=root, **fields
                )
                audit.note(made, action="workspace.create", after=told(made))
                return made
        except IntegrityError:
            if found := Workspace.objects.visible_to(team).filter(root=root).first():
                return found  # somebody registered it at the same moment
    raise AssertionError("a team has a thousand workspaces of one name")


def lock(workspace: Workspace) -> None:
    """`keep`, which raises NotFoundError when it was removed."""
    if not Workspace.objects.keep(workspace):
        raise NotFoundError("Workspace not found")


def lock_with_services(workspace: Workspace) -> None:
    """For what writes events of several of its services: their rows all at once, and before the
    first event takes the team's number. Workers hold a service when they ask for that."""
    lock(workspace)
    rows = Service.objects.locked().filter(workspace=workspace).order_by("pk")
    list(rows.values_list("pk"))


def told(workspace: Workspace) -> dict[str, Any]:
    """For the audit log; where the platform keeps its copies is nobody's business."""
    folder = {} if workspace.is_copy else {"folder": workspace.root}
    return {"storage_backend": workspace.storage_backend, **folder, **source_of(workspace)}


def source_of(workspace: Workspace) -> dict[str, Any]:
    """Which commit of what it holds, and whether it has a credential: never which."""
    if workspace.storage_backend != StorageBackend.GIT:
        return {}
    credential = "set" if any(workspace.git_credential.values()) else None
    return {
        "url": workspace.git_url,
        "ref": workspace.git_ref,
        "commit": workspace.git_commit,
        "credential": credential,
        **({"host_key": fingerprint(workspace.git_host_key)} if workspace.git_host_key else {}),
    }


def slug(text: str) -> str:
    """A name by the rule `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$` from any text."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:63].strip("-") or "app"
