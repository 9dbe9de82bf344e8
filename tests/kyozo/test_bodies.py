"""Slow, large and endless bodies on a real server: none of them has a thread, or the memory."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from kyozo import bodies
from kyozo.asgi import application
from kyozo.platform.web import THREADS, web_server
from services.models import Workspace
from tests.conftest import Api, Person
from tests.kyozo.wire import Wire, chunk, form
from tests.serving import running

pytestmark = pytest.mark.django_db(transaction=True)
SLOW_S = 1.0


@pytest.fixture
def port() -> Iterator[int]:
    with running(web_server(application)) as port:
        yield port


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_S", SLOW_S)
    monkeypatch.setattr(bodies, "LINGER_S", SLOW_S)


def look(port: int, path: str = "/sign-in") -> int:
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=8)
    wire.request("GET", path)
    status = wire.getresponse().status
    wire.close()
    return status


@pytest.mark.parametrize("length", [1000, None])
@pytest.mark.parametrize("path", ["/sign-in", "/", "/api/v1/invitations/accept"])
def test_slow_senders_leave_the_threads_to_others(port: int, path: str, length: int | None) -> None:
    with ExitStack() as ending:
        for _ in range(2 * THREADS):
            slow = ending.enter_context(Wire(port))
            slow.begin("POST", path, form(length))
            slow.send(b"u" if length else chunk(b"u"))

        assert look(port) == 200


@pytest.mark.usefixtures("_short")
@pytest.mark.parametrize("length", [1000, None])
@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/me", "/api/v1/teams/x/logs?follow=true"])
def test_a_slow_sender_is_told_and_let_go(port: int, path: str, length: int | None) -> None:
    with Wire(port) as slow:
        slow.begin("GET" if "follow" in path else "POST", path, form(length))
        slow.send(b"u" if length else chunk(b"u"))
        status, error = slow.error()

    assert (status, error["code"]) == (408, "too_slow")


def test_what_says_that_it_is_too_large_is_not_waited_for(port: int, settings: Settings) -> None:
    with Wire(port) as large:
        large.begin("POST", "/sign-in", form(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))
        status, _, body = large.answer()

    assert (status, b"too_large" in body) == (413, True)


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/archive", "/teams/a/workspaces/archive"])
def test_what_does_not_end_is_ended(
    port: int, path: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "LINGER_S", SLOW_S)
    with Wire(port) as endless:
        endless.begin("POST", path, form())
        for _ in range(settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 50_000 + 1):
            endless.send(chunk(b"x" * 50_000))
        status, error = endless.error()

    assert (status, error["code"]) == (413, "too_large")


def test_who_sends_all_of_it_hears_that_it_was_too_much(port: int) -> None:
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    wire.request("POST", "/api/v1/sign-in-links", body=b"x" * 20_000_000)
    answer = wire.getresponse()

    assert (answer.status, b"too_large" in answer.read()) == (413, True)
    wire.close()


def test_refusals_are_counted_like_other_answers(port: int) -> None:
    with Wire(port) as large:
        large.begin("POST", "/api/v1/me", form(10_000_000))
        _, headers, _ = large.answer()

    assert {"x-ratelimit-limit", "x-request-id"} <= set(headers)


def test_few_large_bodies_are_held_at_once(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "large_ones", bodies.Places(1))
    size = bodies.SMALL * 4
    with Wire(port) as first, Wire(port) as second:
        first.begin("POST", "/sign-in", form(size))
        first.send(b"x" * (size - 1))
        time.sleep(0.5)
        second.begin("POST", "/sign-in", form(size))
        second.send(b"x" * size)

        assert small(port) == 403
        first.send(b"x")
        assert first.answer()[0] == 403
        assert second.answer()[0] == 403


def test_a_large_body_that_finds_no_place_in_time_is_late(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "large_ones", bodies.Places(0))
    monkeypatch.setattr(bodies, "BODY_S", SLOW_S)
    size = bodies.SMALL * 4
    with Wire(port) as large:
        large.begin("POST", "/sign-in", form(size))
        large.send(b"x" * size)

        assert large.answer()[0] == 408


def test_the_large_bodies_of_one_address_leave_places_to_others(
    port: int, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Behind a proxy the address is the one that it got the request from."""
    monkeypatch.setattr(bodies, "large_ones", bodies.Places(3, of_one=2))
    settings.KYOZO = {**settings.KYOZO, "PROXY_ADDRESSES": (ip_network("127.0.0.1"),)}
    size = bodies.SMALL * 4
    with ExitStack() as ending:
        for number in range(6):
            greedy = ending.enter_context(Wire(port))
            # Of IPv6 an address is a network.
            forwarded = {"X-Forwarded-For": f"2001:db8::{number}"}
            greedy.begin("POST", "/sign-in", form(size, **forwarded))
            greedy.send(b"x" * (size - 1))
        time.sleep(0.5)
        other = ending.enter_context(Wire(port))
        other.begin("POST", "/sign-in", form(size, **{"X-Forwarded-For": "203.0.113.7"}))
        other.send(b"x" * size)

        assert other.answer()[0] == 403


async def test_an_address_without_large_bodies_is_forgotten() -> None:
    places = bodies.Places()
    for who in ("a", "b"):
        async with places.taken(who):
            assert list(places._taken) == [who]

    assert not places._taken


def small(port: int) -> int:
    with Wire(port) as wire:
        wire.begin("POST", "/sign-in", form(1))
        wire.send(b"u")
        return wire.answer()[0]


def archive_of(api: Api, path: str, length: int | None) -> dict[str, str]:
    team = {"X-API-Key": api.token, "X-Team-ID": str(api.team.id)}
    return form(length) | team | {"Content-Type": "application/gzip"}


@pytest.mark.usefixtures("_short")
@pytest.mark.parametrize("length", [100_000, None])
def test_an_archive_that_stops_coming_is_given_up(
    port: int, api: Api, settings: Settings, length: int | None
) -> None:
    path = api.at("/workspaces/archive")
    with Wire(port) as slow:
        slow.begin("POST", path, archive_of(api, path, length))
        slow.send(b"\x1f\x8b" if length else chunk(b"\x1f\x8b"))
        status, error = slow.error()

    assert (status, error["code"]) == (408, "too_slow")
    assert not list(Path(settings.KYOZO["HOME"]).glob("sources/*/*.part"))
    assert not Workspace.objects.exists()


@pytest.mark.usefixtures("_short")
def test_an_archive_may_take_its_time_as_long_as_it_comes(
    port: int, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_S", 4.0)
    path, piece = api.at("/workspaces/archive"), b"x" * bodies.PIECE
    with Wire(port) as steady:
        steady.begin("POST", path, archive_of(api, path, 10 * len(piece)))
        for _ in range(10):
            time.sleep(0.5)
            steady.send(piece)
        status, _, body = steady.answer()

    assert (status, b"archive.unknown_format" in body) == (422, True)


@pytest.mark.parametrize(
    ("method", "path", "is_one"),
    [
        ("POST", "/api/v1/teams/t/workspaces/archive", True),
        ("PUT", "/api/v1/teams/t/workspaces/w/archive", True),
        ("PUT", "/api/v1/teams/t/workspaces/archive", False),
        ("POST", "/api/v1/teams/t/workspaces/w/archive", False),
        ("POST", "/api/v1/teams/t/archive", False),
        ("POST", "/api/v1/archive", False),
        ("POST", "/sign-in/archive", False),
        ("POST", "/join/archive", False),
        ("POST", "/nowhere/archive", False),
        ("POST", "/archive", False),
    ],
)
def test_only_addresses_of_archives_take_them(method: str, path: str, *, is_one: bool) -> None:
    assert bodies.takes_archives({"method": method, "path": path}) == is_one


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-out", "/teams/alpha/rename"])
def test_no_form_takes_a_file(alice: Person, path: str, tmp_path: Path, settings: Settings) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice.user)
    browser.get("/")

    answer = browser.post(path, {"name": "a", "file": SimpleUploadedFile("a", b"x" * 100_000)})

    assert answer.status_code == 400
    assert not list(tmp_path.iterdir())


def test_nor_does_the_api_with_a_session(alice: Person) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice.user)
    browser.get("/")
    path = f"/api/v1/teams/{alice.team.id}/services"

    answer = browser.post(path, {"file": SimpleUploadedFile("a", b"x")})

    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_a_sender_that_leaves_is_forgotten(port: int) -> None:
    with Wire(port) as gone:
        gone.begin("POST", "/sign-in", form(1000))
        gone.send(b"u")

    assert look(port) == 200
    assert threading.active_count() < 100
