"""POST /invitations/accept: nothing slow, and nobody's network, under a lock of the database"""

import io
import json
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from services.teams.models import Role
from tests.conftest import Person
from tests.factories import make_invitation, make_team
from tests.services.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ACCEPT = "/api/v1/invitations/accept"
NEWCOMER = {"username": "frida", "password": "correct horse battery"}
held: list[bool] = []


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    held.clear()


@pytest.fixture
def body(alice: Person) -> bytes:
    token = make_invitation(alice.team, alice.user, role=Role.DEVELOPER)[1]
    return json.dumps({"token": token, **NEWCOMER}).encode()


class Stalled(io.BytesIO):
    """A body that takes its time; meanwhile somebody else wants to write."""

    def read(self, size: int | None = -1, /) -> bytes:
        held.append(connection.in_atomic_block)
        at_once(make_team)
        return super().read(size)


class Watched(PBKDF2PasswordHasher):
    def encode(self, *args: Any, **options: Any) -> str:
        held.append(connection.in_atomic_block)
        return super().encode(*args, **options)


def send(body: bytes) -> Any:
    stalled: dict[str, Any] = {"wsgi.input": Stalled(body)}
    return APIClient().generic("POST", ACCEPT, body.decode(), "application/json", **stalled)


def test_a_body_that_does_not_come_keeps_nobody_from_writing(body: bytes) -> None:
    assert send(body).status_code == 201
    assert held == [False]


def test_a_password_is_hashed_before_the_lock(body: bytes, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Watched"]

    answer = APIClient().post(ACCEPT, json.loads(body), format="json")

    assert answer.status_code == 201
    assert held == [False]


def test_a_name_that_is_taken_costs_no_hash(body: bytes, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Watched"]
    User.objects.create(username="Frida")

    answer = APIClient().post(ACCEPT, json.loads(body), format="json")

    assert answer.status_code == 422
    assert held == []
