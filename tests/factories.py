"""Rows for tests: plain functions, everything that matters can be said by keyword."""

from itertools import count
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from services.accounts.invitations import invite
from services.accounts.tokens import create_token
from services.models import (
    Analysis,
    Build,
    Event,
    Instance,
    Kind,
    LogChunk,
    Operation,
    OperationStep,
    Queue,
    Release,
    Service,
    Workspace,
)
from services.teams.models import Invitation, Membership, Role, Scope, Team

_numbers = count(1)


def make_team(name: str = "", **overrides: Any) -> Team:
    name = name or f"team-{next(_numbers)}"
    return Team.objects.create(**{"name": name, "slug": name, **overrides})


def make_user(name: str = "") -> User:
    user = User(username=name or f"user-{next(_numbers)}")
    user.set_unusable_password()
    user.save()
    return user


def make_member(team: Team, name: str = "", *, role: Role = Role.DEVELOPER) -> User:
    user = make_user(name)
    Membership.objects.create(team=team, user=user, role=role)
    return user


def make_token(team: Team, user: User, *, scope: Scope = Scope.ADMIN) -> str:
    _, text = create_token(team, user=user, name="for tests", scope=scope)
    return text


def make_invitation(team: Team, by: User, *, role: Role = Role.VIEWER) -> tuple[Invitation, str]:
    return invite(team, by=by, role=role)


def make_workspace(team: Team, **overrides: Any) -> Workspace:
    fields = {"name": f"workspace-{next(_numbers)}", "root": "/nowhere", **overrides}
    return Workspace.objects.create(team=team, **fields)


def make_service(team: Team, **overrides: Any) -> Service:
    workspace = overrides.pop("workspace", None) or make_workspace(team)
    fields = {"name": f"service-{next(_numbers)}", "service_type": "python", **overrides}
    return Service.objects.create(team=team, workspace=workspace, **fields)


def make_release(service: Service, **overrides: Any) -> Release:
    number = service.releases.count() + 1
    fields: dict[str, Any] = {
        "number": number,
        "image_ref": f"kyozo/app:{number}",
        "image_digest": f"sha256:{number:064}",
        "config": {},
        "fingerprint": f"{number:064}",
    }
    return Release.objects.create(service=service, **fields | overrides)


def make_instance(service: Service, **overrides: Any) -> Instance:
    release = overrides.pop("release", None) or make_release(service)
    fields = {
        "generation": 1,
        "replica": service.instances.count() + 1,
        "name": f"{service.name}-{next(_numbers)}",
        "engine_id": f"engine-{next(_numbers)}",
        "state": "running",
        **overrides,
    }
    return Instance.objects.create(service=service, release=release, **fields)


def make_operation(service: Service, **overrides: Any) -> Operation:
    fields = {"kind": Kind.DEPLOY, "queue": Queue.BUILDS, "requested_by": "alice", **overrides}
    operation = Operation.objects.create(team=service.team, service=service, **fields)
    OperationStep.objects.create(operation=operation, name="analyse", position=0)
    return operation


def make_build(service: Service, *lines: str, **overrides: Any) -> Build:
    operation = overrides.pop("operation", None) or make_operation(service)
    build = Build.objects.create(service=service, operation=operation, **overrides)
    for number, text in enumerate(lines, 1):
        LogChunk.objects.create(build=build, number=number, text=text)
    return build


def make_event(team: Team, number: int, **overrides: Any) -> Event:
    fields = {"name": "deployment_event", "event_type": "deployment_started", **overrides}
    return Event.objects.create(team=team, number=number, **fields)


def make_analysis(workspace: Workspace, **overrides: Any) -> Analysis:
    fields: dict[str, Any] = {"folder_path": "/", "result": {}, **overrides}
    return Analysis.objects.create(team=workspace.team, workspace=workspace, **fields)


def make_folder(place: Path, name: str = "app") -> Path:
    """A small web app that detection knows."""
    folder = place / name
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("flask==3.0.0\n")
    (folder / "app.py").write_text(
        "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/')\ndef home():\n"
        "    return 'hello'\n"
    )
    return folder
