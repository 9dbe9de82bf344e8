"""The cast: alice owns the team, bob is on it, charlie is of another team and must see nothing."""

import gc
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connection, connections
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

import kyozo.celery  # noqa: F401 - the default app: wake-ups go to its broker in memory
from services.lifecycle import engine
from services.models import Service, Workspace
from services.teams import token_cache
from services.teams.models import Role, Scope, Team
from tests.factories import (
    make_folder,
    make_member,
    make_service,
    make_team,
    make_token,
    make_workspace,
)
from tests.knowing import strange


@dataclass(frozen=True)
class Person:
    user: User
    team: Team


class Api(APIClient):
    """Somebody's API client: JSON, their token, their team in header and address."""

    default_format = "json"

    def __init__(self, person: Person, *, scope: Scope = Scope.ADMIN) -> None:
        self.team = person.team
        self.token = make_token(person.team, person.user, scope=scope)
        # As defaults, not credentials: a request may say something else.
        super().__init__(
            HTTP_AUTHORIZATION=f"Bearer {self.token}", HTTP_X_TEAM_ID=str(self.team.id)
        )

    def request(self, **options: Any) -> Any:
        answer = super().request(**options)
        assert not (wrong := strange(answer)), wrong
        return answer

    def at(self, path: str = "") -> str:
        return f"/api/v1/teams/{self.team.id}{path}"


# Threads of the product that end by themselves, a moment after they were told to.
ENDING = ("live", "repairs")
ENDED_WITHIN_S = 5


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """After the last test: PostgreSQL drops no database to which somebody is still connected."""
    if nextitem is None:
        gc.collect()
        for thread in threading.enumerate():
            if thread.name.startswith(ENDING):
                thread.join(ENDED_WITHIN_S)
        # The thread in which asynchronous tests read and write; it lives as long as the process.
        SyncToAsync.single_thread_executor.submit(connections.close_all).result(ENDED_WITHIN_S)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file, because several threads on one SQLite database in memory lock each other out."""
    from django.conf import settings  # noqa: PLC0415 - not before pytest-django has set it up

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(
            tmp_path_factory.mktemp("db") / "test.sqlite3"
        )
    else:
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Then nobody else is connected: a thread on its last breath would keep the database."""
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


@pytest.fixture(autouse=True)
def _fresh_process_state() -> Iterator[None]:
    yield
    for cache in caches.all():
        cache.clear()  # requests and sign-ins are counted there
    token_cache.clear()
    engine.forget()


@pytest.fixture(autouse=True)
def _detection_apart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are looked at in this process, for speed: on an engine, and by a platform that a test
    starts, in a child as always; tests/services/lifecycle/test_detector.py is about the child."""
    from django.conf import settings  # noqa: PLC0415 - not before pytest-django has set it up

    if not any(request.node.get_closest_marker(mark) for mark in ("docker", "e2e", "faults")):
        monkeypatch.setitem(settings.KYOZO, "DETECTION_MB", 0)


@pytest.fixture
def alice(db: None) -> Person:
    team = make_team("alpha")
    return Person(make_member(team, "alice", role=Role.OWNER), team)


@pytest.fixture
def bob(alice: Person) -> Person:
    return Person(make_member(alice.team, "bob", role=Role.DEVELOPER), alice.team)


@pytest.fixture
def charlie(db: None) -> Person:
    team = make_team("others")
    return Person(make_member(team, "charlie", role=Role.OWNER), team)


@pytest.fixture
def as_person(db: None) -> Callable[..., Api]:
    """`as_person(bob, scope=Scope.READ)` is bob's client."""

    def client(person: Person, **options: Any) -> Api:
        return Api(person, **options)

    return client


@pytest.fixture
def api(alice: Person) -> Api:
    """Alice's client, admin scope."""
    return Api(alice)


@pytest.fixture
def stranger(charlie: Person) -> Api:
    """Charlie's client: of another team."""
    return Api(charlie)


@pytest.fixture
def workspace(alice: Person, tmp_path: Path) -> Workspace:
    """A folder with one small web app."""
    return make_workspace(alice.team, name="app", root=str(make_folder(tmp_path)))


@pytest.fixture
def service(alice: Person, workspace: Workspace) -> Service:
    return make_service(alice.team, workspace=workspace, name="web")
