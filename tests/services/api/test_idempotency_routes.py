"""Every POST there is keeps to Idempotency-Key, whoever dies on the way or comes twice."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from rest_framework.test import APIClient

from services.api import idempotency
from services.lifecycle import trees, workspaces
from services.models import AuditEntry, KeptAnswer, Service, Workspace
from services.teams.models import Invitation, Membership
from tests.conftest import Api, Person
from tests.factories import make_invitation
from tests.knowing import document
from tests.services.api.test_uploads import FLASK
from tests.services.at_once import at_once
from tests.sources.archives import tar_gz_of

ARCHIVE = tar_gz_of(FLASK)
ACCEPT = "/api/v1/invitations/accept"
NEWCOMER = {"username": "frida", "password": "correct horse battery"}
POSTS = [path for path, methods in document()["paths"].items() if "post" in methods]


@pytest.mark.parametrize("path", POSTS)
def test_every_post_is_described_with_the_key(path: str) -> None:
    said = document()["paths"][path]["post"]

    assert {"$ref": "#/components/parameters/IdempotencyKey"} in said["parameters"]
    done = next(answer for status, answer in said["responses"].items() if status < "300")
    assert idempotency.REPLAYED in done["headers"]
    assert "422" in said["responses"]


def accept(token: str, *, key: str = "k", client: Any = None, **fields: str) -> Any:
    sender = client or APIClient()
    body = {"token": token, **fields}
    return sender.post(ACCEPT, body, format="json", HTTP_IDEMPOTENCY_KEY=key)


def test_a_newcomer_who_hears_no_answer_asks_again(alice: Person) -> None:
    token = make_invitation(alice.team, alice.user)[1]

    first, second = (accept(token, **NEWCOMER) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second["Idempotency-Replayed"] == "true"
    assert User.objects.filter(username="frida").count() == 1


def test_so_does_a_person_of_another_team(alice: Person, stranger: Api) -> None:
    token = make_invitation(alice.team, alice.user)[1]

    first, second = (accept(token, client=stranger) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content


def test_the_answer_to_one_is_not_another_s(alice: Person, stranger: Api) -> None:
    token = make_invitation(alice.team, alice.user)[1]
    accept(token, **NEWCOMER)

    answers = [
        accept(token, client=stranger),
        accept(token, **{**NEWCOMER, "password": "another horse battery"}),
        accept("kyozo_invite_wrong", **NEWCOMER),
    ]

    assert [answer.status_code for answer in answers] == [404, 422, 404]
    assert b"sign-in" not in b"".join(answer.content for answer in answers)


def test_who_has_no_invitation_leaves_nothing_here(db: None) -> None:
    bodies: list[Any] = [{"token": "x"}, {"token": 7}, {"token": ["x"]}, {}, [], "x", None]
    for body in bodies:
        answer = APIClient().post(ACCEPT, body, format="json", HTTP_IDEMPOTENCY_KEY="k")
        assert answer.status_code in {400, 404}

    assert not KeptAnswer.objects.exists()


def test_what_is_refused_may_be_sent_again_under_the_key(alice: Person) -> None:
    token = make_invitation(alice.team, alice.user)[1]

    assert accept(token, username="frida", password="short").status_code == 422
    assert accept(token, **NEWCOMER).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_two_newcomers_at_once_are_one(alice: Person) -> None:
    token = make_invitation(alice.team, alice.user)[1]

    def ask() -> HttpResponse:
        found: HttpResponse = accept(token, **NEWCOMER)
        return found

    answers = at_once(ask, ask)

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert Membership.objects.filter(team=alice.team).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_tokens_at_once_are_one(api: Api) -> None:
    def ask() -> HttpResponse:
        found: HttpResponse = api.post(api.at("/tokens"), {"name": "ci"}, HTTP_IDEMPOTENCY_KEY="k")
        return found

    answers = at_once(ask, ask, ask)

    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.content for answer in answers}) == 1
    assert api.team.tokens.filter(name="ci").count() == 1


class DiedError(BaseException):
    """The end of a process: nothing of ours catches it."""


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Between what was asked for and its stored answer."""

    def dies(*args: Any) -> None:
        raise DiedError

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_keep", dies)
        with pytest.raises(DiedError):
            yield


def test_who_dies_before_the_answer_is_stored_has_accepted_nothing(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make_invitation(alice.team, alice.user)[1]
    with dying(monkeypatch):
        accept(token, **NEWCOMER)
    assert Invitation.objects.open().exists()
    assert not User.objects.filter(username="frida").exists()

    assert accept(token, **NEWCOMER).status_code == 201


def upload(api: Api, name: str = "shop") -> Any:
    return api.post(
        api.at(f"/workspaces/archive?name={name}"),
        ARCHIVE,
        content_type="application/gzip",
        HTTP_IDEMPOTENCY_KEY="k",
    )


def test_an_upload_goes_on_where_it_died(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with dying(monkeypatch):
        upload(api)
    made = Workspace.objects.get()

    first, second = upload(api), upload(api)

    assert (first.status_code, first.json()["data"]["id"]) == (201, str(made.id))
    assert first.content == second.content
    assert Workspace.objects.count() == 1
    assert AuditEntry.objects.filter(action="workspace.create", object_id=str(made.id)).exists()


def test_an_upload_that_died_before_it_was_a_workspace_is_made(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*args: Any, **options: Any) -> None:
        raise DiedError

    with monkeypatch.context() as patch:
        patch.setattr("services.lifecycle.workspaces.create", dies)
        with pytest.raises(DiedError):
            upload(api)
    assert not Workspace.objects.exists()

    assert upload(api).status_code == 201
    assert Workspace.objects.count() == 1


def test_another_upload_under_the_key_of_a_dead_one_is_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dying(monkeypatch):
        upload(api)

    assert upload(api, "other").json()["error"]["code"] == "idempotency.other_request"


@pytest.mark.django_db(transaction=True)
def test_of_two_uploads_at_once_one_is_carried_out(api: Api) -> None:
    def ask() -> HttpResponse:
        found: HttpResponse = upload(api)
        return found

    statuses = sorted(answer.status_code for answer in at_once(ask, ask, ask))

    assert statuses[0] == 201
    assert set(statuses) <= {201, 409}
    assert upload(api).status_code == 201
    assert Workspace.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_an_upload_runs_a_second_one_with_its_key_is_told_so(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_held, is_asked = threading.Event(), threading.Event()
    receive = trees.receive

    def slowly(*args: Any, **options: Any) -> None:
        is_held.set()
        assert is_asked.wait(timeout=10)
        receive(*args, **options)

    def second() -> HttpResponse:
        assert is_held.wait(timeout=10)
        try:
            found: HttpResponse = upload(api)
            return found
        finally:
            is_asked.set()

    monkeypatch.setattr(workspaces, "receive", slowly)
    made, refused = at_once(lambda: upload(api), second)

    assert made.status_code == 201
    assert (refused.status_code, refused.json()["error"]["code"]) == (
        409,
        "idempotency.unfinished",
    )
    assert upload(api).content == made.content


def refusals(api: Api, service: Service) -> dict[str, tuple[str, Any]]:
    """What is looked at and refused; each keeps nobody waiting who writes."""
    at = f"/services/{service.id}"
    return {
        "no body": (api.at("/services"), {}),
        "a folder that is not there": (
            api.at("/services"),
            {"service": {"name": "new", "folder_path": "/nowhere"}},
        ),
        "a token without a name": (api.at("/tokens"), {}),
        "a token of no workspace": (
            api.at("/tokens"),
            {"name": "ci", "workspace_id": "12345678-1234-4234-8234-123456789012"},
        ),
        "an invitation without a role": (api.at("/invitations"), {}),
        "a service that is not there": (api.at("/services/none/start"), {}),
        "a number of replicas": (api.at(f"{at}/scale"), {"replica_count": -1}),
        "no invitation": (ACCEPT, {"token": "x", **NEWCOMER}),
    }


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_does_not_wait_for_who_writes(api: Api, service: Service) -> None:
    """PostgreSQL has locks for rows; SQLite has one, which somebody else holds here."""
    api.get("/api/v1/me")  # from now on the token is remembered, and was used
    with writing():
        answers = {
            name: api.post(url, body, HTTP_IDEMPOTENCY_KEY="k").status_code
            for name, (url, body) in refusals(api, service).items()
        }

    assert {status for status in answers.values() if not 400 <= status < 500} == set(), answers


@contextmanager
def writing() -> Iterator[None]:
    """Somebody is in the middle of a change, for longer than anybody waits."""
    if connection.vendor != "sqlite":
        other_way = connection.copy()
        with other_way.cursor() as cursor:
            cursor.execute("BEGIN; SELECT 1 FROM services_service FOR UPDATE")
            yield
            cursor.execute("ROLLBACK")
        other_way.close()
        return
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            connection.close()
