"""What goes wrong is an error of the right class, which says what to do and never the token."""

import logging
import pickle
import socket
from typing import Any

import pytest

from kyozo_sdk import (
    ChangedError,
    ConflictError,
    ConnectionFailedError,
    ForbiddenError,
    ForeignAnswerError,
    InvalidError,
    KyozoError,
    RateLimitedError,
    Retry,
    TimedOutError,
    UnauthorizedError,
    UnavailableError,
)
from services.models import Service, Workspace
from services.teams.models import Scope
from tests.conftest import Person
from tests.factories import make_service, make_token
from tests.running_platform import free_port
from tests.sdk.both import Api
from tests.sdk.conftest import Make
from tests.sdk.scripted import Say, scripted

ONCE = Retry(attempts=1)


def test_a_token_that_opens_nothing(make: Make) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        make(api_token="kyozo_nothing").services.list()

    assert (caught.value.status, caught.value.code) == (401, "unauthorized")


def test_a_scope_that_does_not_reach(make: Make, alice: Person, service: Service) -> None:
    weak = make(api_token=make_token(alice.team, alice.user, scope=Scope.READ))

    with pytest.raises(ForbiddenError, match="forbidden"):
        weak.services.stop(service.id)


def test_what_is_not_acceptable_is_told_by_field(sdk: Api, workspace: Workspace) -> None:
    with pytest.raises(InvalidError) as caught:
        sdk.services.create({"name": "Not A Name", "folder_path": "/"})

    assert caught.value.status == 422
    assert "name" in caught.value.details
    assert "name: " in str(caught.value)


def test_a_state_that_forbids_it(sdk: Api, workspace: Workspace, service: Service) -> None:
    with pytest.raises(ConflictError) as caught:
        sdk.workspaces.remove(workspace.id)

    assert caught.value.code == "workspace.in_use"
    assert caught.value.params["services"]


def test_somebody_else_was_faster(sdk: Api, service: Service) -> None:
    etag = sdk.services.get(service.id).answer.etag
    sdk.services.update(service.id, {"name": "other"}, if_match=etag)

    with pytest.raises(ChangedError) as caught:
        sdk.services.update(service.id, {"name": "mine"}, if_match=etag)

    assert caught.value.status == 412
    assert sdk.services.get(service.id).name == "other"


def test_somebody_else_was_faster_with_a_deploy_and_with_variables(
    sdk: Api, service: Service
) -> None:
    etag = sdk.env.get(service.id).answer.etag
    deployed = sdk.services.deploy(service.id, overrides={"port": 9000}, if_match=etag)

    with pytest.raises(ChangedError):
        sdk.services.deploy(service.id, overrides={"port": 9001}, if_match=etag)
    with pytest.raises(ChangedError):
        sdk.env.update(service.id, {"A": "1"}, if_match=etag)

    changed = sdk.env.update(service.id, {"A": "2"}, if_match=deployed.answer.etag)
    assert changed.answer.etag == sdk.services.get(service.id).answer.etag


def test_nobody_answers(make: Make) -> None:
    away = make(base_url=f"http://127.0.0.1:{free_port()}/api/v1", retry=ONCE)

    with pytest.raises(ConnectionFailedError) as caught:
        away.services.list()

    assert (caught.value.status, caught.value.code) == (0, "connection_failed")
    assert "base_url" in caught.value.fix


def test_an_answer_that_takes_too_long(make: Make) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]

        with pytest.raises(TimedOutError):
            make(base_url=f"http://127.0.0.1:{port}/api/v1", timeout_s=0.1).services.list()


def test_a_limit_says_how_long_to_wait(make: Make) -> None:
    error = {"error": {"message": "slow down", "code": "rate_limited", "request_id": "r1"}}
    with scripted([Say(429, error, {"Retry-After": "3600"})]) as server:
        with pytest.raises(RateLimitedError) as caught:
            make(base_url=server.url).services.list()

        assert len(server.heard) == 1  # an hour is not waited for

    assert (caught.value.retry_after, caught.value.request_id) == (3600, "r1")


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"", b"{" * 100_000])
def test_what_is_no_platform_is_told_so(make: Make, body: bytes) -> None:
    with scripted([Say(404, body)]) as server, pytest.raises(ForeignAnswerError):
        make(base_url=server.url).services.list()


def test_a_proxys_own_page_is_the_platform_away(make: Make) -> None:
    with scripted([Say(502, b"<html>")]) as server, pytest.raises(UnavailableError) as caught:
        make(base_url=server.url, retry=ONCE).services.list()

    assert caught.value.code == "http_502"


def test_an_error_goes_through_pickle(sdk: Api) -> None:
    with pytest.raises(KyozoError) as caught:
        sdk.services.get("none")

    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own

    assert (type(again), str(again)) == (type(caught.value), str(caught.value))


@pytest.mark.parametrize("bad", ["", ".", ".."])
def test_what_is_no_id_asks_for_nothing(sdk: Api, bad: str) -> None:
    """`DELETE /services/` and `/services/..` would be another address."""
    with pytest.raises(ValueError, match="no id"):
        sdk.services.remove(bad)


def test_an_id_stays_one_part_of_the_path(make: Make) -> None:
    with scripted([Say(200, {"data": {}})]) as server:
        make(base_url=server.url, team_id="t").services.get("../../x?y=1#z")

    assert server.heard[0].path == "/api/v1/teams/t/services/..%2F..%2Fx%3Fy%3D1%23z"


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://user:pass@host/api/v1"},
        {"base_url": "ftp://host"},
        {"base_url": "host"},
        {"base_url": "http://host/api/v1?x=1"},
        {"api_token": "kyozo_secret\r\nX-Other: 1"},
        {"api_token": "kyozo_secret\u2028"},
        {"team_id": "a/../b"},
        {"team_id": ".."},
    ],
)
def test_what_no_request_can_be_made_of_is_refused_without_naming_it(
    make: Make, options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - what it says is looked at
        make(**options)

    assert "secret" not in str(caught.value)
    assert "pass" not in str(caught.value)


def test_the_token_is_shown_nowhere(
    make: Make, token: str, service: Service, caplog: pytest.LogCaptureFixture, wire: Any
) -> None:
    """Not by the clients, their errors, or the libraries below them at their most talkative."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "websockets", "websockets.client", "kyozo_sdk.socket"):
        caplog.set_level(logging.DEBUG, logger=name)
    wire.before = 100
    shown = []
    for url in (None, wire.url, f"http://127.0.0.1:{free_port()}/api/v1"):
        api = make(**({"base_url": url} if url else {}))
        try:
            subscription = api.services.on_status_change(print)
            subscription.stop()
            shown.append(repr(api.services.get(service.id)))
        except KyozoError as exc:
            shown += [str(exc), repr(exc), repr(vars(exc)), repr(exc.__cause__)]
        shown += [repr(api), repr(api.services), repr(api._session.place)]

    assert len(shown) == 4 + 2 * 7
    assert token not in " ".join(shown)
    assert token not in caplog.text


def test_what_is_shown_of_an_answer_holds_no_secret(sdk: Api, alice: Person) -> None:
    made = sdk.tokens.create("ci", scope="read")
    service = make_service(alice.team, environment={"KEY": "hunter2"})

    assert made.token.startswith("kyozo_")
    assert made.token not in repr(made)
    assert "hunter2" not in repr(sdk.services.get(service.id))
    assert sdk.services.get(service.id).environment_variables == {"KEY": "hunter2"}


@pytest.mark.parametrize("data", [None, 3, "x", [3], [None]])
def test_data_of_another_shape_is_no_answer(make: Make, data: object) -> None:
    with scripted([Say(200, {"data": data, "meta": [1]})]) as server:
        api = make(base_url=server.url)

        with pytest.raises(ForeignAnswerError):
            api.services.list()
        with pytest.raises(ForeignAnswerError):
            api.services.get("s")
