"""The description of the API is made once, whoever asks first and however many do."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from services.api.openapi import document, page
from tests.services.at_once import at_once


@pytest.fixture(autouse=True)
def _not_made_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(document, "_made", [])
    page.page.cache_clear()
    yield
    page.page.cache_clear()


@pytest.fixture
def makings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each making; a making takes a while."""
    found: list[int] = []
    make = document.document

    def slowly() -> dict[str, Any]:
        found.append(len(found))
        time.sleep(0.1)
        return make()

    monkeypatch.setattr(document, "document", slowly)
    return found


def test_first_requests_at_once_make_it_once(makings: list[int], db: None) -> None:
    def ask(address: str) -> bytes:
        answer = Client().get(address)
        assert answer.status_code == 200
        return answer.content

    json, docs = "/api/v1/openapi.json", "/api/docs"
    answers = at_once(*(lambda at=at: ask(at) for at in (json, json, docs, json)))

    assert answers[0] == answers[1] == answers[3]
    assert makings == [0]


def test_a_making_that_failed_is_tried_anew(
    makings: list[int], client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> dict[str, Any]:
        raise OSError("for once")

    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(document, "document", fails)
        assert client.get("/api/v1/openapi.json").status_code == 500

    assert client.get("/api/v1/openapi.json").status_code == 200
    assert makings == [0]
