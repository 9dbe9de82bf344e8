"""Idempotency-Key on any POST: carried out once, answered as often as it is asked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from services.api import service as service_views
from services.models import KeptAnswer, Operation, Service, Workspace
from services.teams.models import ApiToken
from tests.conftest import Api, Person
from tests.services.at_once import at_once


def create(api: Api, key: str = "k-1", name: str = "api") -> Any:
    body = {"service": {"name": name, "folder_path": "/"}}
    return api.post(api.at("/services"), body, HTTP_IDEMPOTENCY_KEY=key)


def test_the_second_request_gets_the_first_answer(api: Api, workspace: Workspace) -> None:
    first, second = create(api), create(api)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"]
    assert ("Idempotency-Replayed" in first, second["Idempotency-Replayed"]) == (False, "true")
    assert Service.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(api: Api, workspace: Workspace) -> None:
    create(api)
    answer = create(api, name="other")

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "idempotency.other_request"
    assert Service.objects.count() == 1


def test_another_address_under_the_same_key_is_refused(api: Api, service: Service) -> None:
    for verb, status in (("start", 200), ("deploy", 422)):
        at = api.at(f"/services/{service.id}/{verb}")
        assert api.post(at, HTTP_IDEMPOTENCY_KEY="k").status_code == status
    assert Operation.objects.count() == 1


def test_the_key_is_each_tokens_own(
    api: Api, alice: Person, as_person: Callable[..., Api], workspace: Workspace
) -> None:
    create(api)

    assert create(as_person(alice)).json()["error"]["code"] == "service.name_taken"


def test_an_error_is_not_kept(api: Api, workspace: Workspace) -> None:
    assert create(api, name="NOT A NAME").status_code == 422
    assert create(api).status_code == 201


def test_what_is_cut_off_half_way_has_done_nothing(
    api: Api, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt  # as the end of a process: nothing of ours catches it

    with monkeypatch.context() as patch:
        patch.setattr(service_views, "detail_answer", dies)
        with pytest.raises(KeyboardInterrupt):
            create(api)
    assert not Service.objects.exists()

    assert create(api).status_code == 201


def test_after_a_day_the_key_is_free(api: Api, workspace: Workspace) -> None:
    create(api)
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert create(api, name="other").status_code == 201


def test_a_new_token_is_shown_again_and_not_kept_in_plain(api: Api) -> None:
    texts = {
        api.post(api.at("/tokens"), {"name": "ci"}, HTTP_IDEMPOTENCY_KEY="k").json()["data"][
            "token"
        ]
        for _ in range(2)
    }

    (text,) = texts
    assert ApiToken.objects.filter(name="ci").count() == 1
    stored = KeptAnswer.objects.extra(select={"raw": "answer"}).values_list("raw", flat=True)
    assert text not in str(list(stored))


def test_a_long_one_that_has_not_ended_is_a_conflict(api: Api) -> None:
    body = {"dry_run": True}
    assert api.post(api.at("/clean"), body, HTTP_IDEMPOTENCY_KEY="k").status_code == 200
    KeptAnswer.objects.update(status=None)

    answer = api.post(api.at("/clean"), body, HTTP_IDEMPOTENCY_KEY="k")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency.unfinished")


def test_clean_that_was_cut_off_is_carried_out_again_later(api: Api) -> None:
    body = {"dry_run": True}
    assert api.post(api.at("/clean"), body, HTTP_IDEMPOTENCY_KEY="k").status_code == 200
    KeptAnswer.objects.update(status=None, created_at=timezone.now() - timedelta(minutes=16))

    assert api.post(api.at("/clean"), body, HTTP_IDEMPOTENCY_KEY="k").status_code == 200
    assert KeptAnswer.objects.get().status == 200


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\u00e9"])
def test_a_key_that_is_none_is_refused(api: Api, workspace: Workspace, key: str) -> None:
    assert create(api, key).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_carried_out(api: Api, workspace: Workspace) -> None:
    def ask() -> HttpResponse:
        found: HttpResponse = create(api)
        return found

    answers = at_once(ask, ask)

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert Service.objects.count() == 1
