"""Workspaces from before seeds go on making the passwords that their databases' volumes know."""

import base64
import hashlib
import hmac
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from services.lifecycle.connections import give_passwords
from services.models import Service, Workspace
from services.teams.models import Team
from tests.factories import make_service, make_team, make_workspace

BEFORE = [("services", "0010_git_host_key")]


@pytest.fixture
def old_rows(transactional_db: None) -> Iterator[list[Workspace]]:
    """Two of them, and the tables as they were then."""
    rows = [make_workspace(make_team(), root="/nowhere") for _ in range(2)]
    MigrationExecutor(connection).migrate(BEFORE)
    yield rows
    upgrade()


def upgrade() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def first_password(service: Service) -> str:
    """As it was made before there were seeds."""
    where = (str(service.workspace_id), service.detected_in, service.source_name)
    place = "\n".join((*where, "POSTGRES_PASSWORD"))
    key = str(settings.KYOZO["ENCRYPTION_KEYS"][0]).encode()
    digest = hmac.new(key, f"kyozo.password\n{place}".encode(), hashlib.sha256).digest()
    text = base64.b32encode(digest).decode().rstrip("=").lower()
    return f"{text[:14]}-{text[14:28].upper()}-7z"


def made_password(workspace: Workspace) -> tuple[Service, str]:
    service = make_service(workspace.team, workspace=workspace, source_name="db")
    assert give_passwords(service, "postgresql")
    return service, service.environment["POSTGRES_PASSWORD"]


def test_a_database_from_before_gets_its_password_again(old_rows: list[Workspace]) -> None:
    upgrade()

    for old in old_rows:
        service, password = made_password(Workspace.objects.get(pk=old.pk))
        assert password == first_password(service)


def test_workspaces_made_since_share_no_seed(old_rows: list[Workspace]) -> None:
    upgrade()

    team = Team.objects.get(pk=old_rows[0].team_id)
    seeds = {make_workspace(team).password_seed for _ in range(2)}
    assert len(seeds - {settings.KYOZO["ENCRYPTION_KEYS"][0]}) == 2
