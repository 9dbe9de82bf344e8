"""Registering a folder of this machine as a workspace."""

import re
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from services.models import StorageBackend, Workspace
from services.sources.roots import resolve_folder
from services.teams.models import Team


def register_folder(team: Team, *, folder: Path, name: str = "", actor: str) -> Workspace:
    """The workspace of a folder under `KYOZO_FOLDER_ROOTS`; the same folder, the same one."""
    roots = settings.KYOZO["FOLDER_ROOTS"]
    real = resolve_folder(str(folder), roots=roots, state_dir=settings.KYOZO["HOME"])
    if found := Workspace.objects.visible_to(team).filter(root=str(real)).first():
        return found
    base = (name or slug(real.name))[:90]
    for candidate in (base, *(f"{base}-{n}" for n in range(2, 1000))):
        try:
            with transaction.atomic():
                return Workspace.objects.create(
                    team=team,
                    name=candidate,
                    root=str(real),
                    storage_backend=StorageBackend.FOLDER,
                )
        except IntegrityError:
            if found := Workspace.objects.visible_to(team).filter(root=str(real)).first():
                return found  # somebody registered it at the same moment
    raise AssertionError("a team has a thousand workspaces of one name")


def slug(text: str) -> str:
    """A name by the rule `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$` from any text."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words[:63].strip("-") or "app"
