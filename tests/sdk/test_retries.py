"""What is sent again after a cut or a refusal, and what never is."""

import uuid

import httpx
import pytest

from kyozo_sdk import ConnectionFailedError, NotFoundError, Retry, UnavailableError
from kyozo_sdk.retry import retry_after
from services.models import Service, Workspace
from services.teams.models import ApiToken, Role
from tests.conftest import Person
from tests.factories import make_invitation
from tests.sdk.conftest import Make
from tests.sdk.cutting import Cutter
from tests.sdk.scripted import Say, scripted

SETTINGS = {"name": "my-app", "folder_path": "/", "service_type": "python"}


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_post_that_was_cut_has_its_effect_once(
    make: Make, wire: Cutter, workspace: Workspace, where: str
) -> None:
    setattr(wire, where, 2)

    made = make(base_url=wire.url).services.create(SETTINGS)

    assert [str(row.id) for row in Service.objects.all()] == [made.id]
    assert made.answer.is_replayed == (where == "after")
    assert len(wire.requests) == 3


def test_a_key_of_ones_own_is_kept_over_clients(
    make: Make, wire: Cutter, workspace: Workspace
) -> None:
    key = uuid.uuid4().hex
    first = make().services.create(SETTINGS, idempotency_key=key)

    again = make().services.create(SETTINGS, idempotency_key=key)

    assert (again.id, again.answer.is_replayed) == (first.id, True)
    assert not first.answer.is_replayed


@pytest.mark.parametrize("where", ["before", "after"])
def test_what_only_reads_is_asked_again(
    make: Make, wire: Cutter, service: Service, where: str
) -> None:
    setattr(wire, where, 3)

    assert make(base_url=wire.url).services.get(service.id).name == service.name


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_replacement_is_made_again(
    make: Make, wire: Cutter, service: Service, where: str
) -> None:
    setattr(wire, where, 1)

    found = make(base_url=wire.url).services.replace(service.id, {"name": "other"})

    assert found.name == "other"


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_change_is_not_made_again(make: Make, wire: Cutter, service: Service, where: str) -> None:
    """Somebody may have changed the same in between."""
    setattr(wire, where, 1)

    with pytest.raises(ConnectionFailedError):
        make(base_url=wire.url).env.update(service.id, {"A": "1"})

    assert len(wire.requests) == 1


def test_what_wants_a_state_is_not_made_again(make: Make, wire: Cutter, service: Service) -> None:
    """Its own first attempt would look like somebody else's change."""
    api = make(base_url=wire.url)
    tag = api.services.get(service.id).answer.etag
    wire.after = 1

    with pytest.raises(ConnectionFailedError):
        api.services.replace(service.id, {"name": "other"}, if_match=tag)

    assert make().services.get(service.id).name == "other"


def test_a_removal_that_a_proxy_gave_up_on_is_done(make: Make) -> None:
    gone = Say(404, {"error": {"message": "no", "code": "not_found"}})
    with scripted([Say(504, b""), gone]) as server:
        assert make(base_url=server.url).tokens.revoke("t") is None

    with scripted([gone]) as server, pytest.raises(NotFoundError):
        make(base_url=server.url).tokens.revoke("t")


def test_a_removal_whose_answer_was_lost_is_done(make: Make, wire: Cutter, alice: Person) -> None:
    api = make(base_url=wire.url)
    made = api.invitations.create("viewer")
    removed = make().tokens.create("ci")
    wire.after = 1

    assert api.tokens.revoke(removed.id) is None
    assert api.invitations.revoke(made.id) is None
    assert ApiToken.objects.get(pk=removed.id).revoked_at is not None


def test_an_acceptance_is_not_sent_twice(make: Make, wire: Cutter, alice: Person) -> None:
    """It would be told that it is over, though it was the first that did it."""
    _, token = make_invitation(alice.team, alice.user, role=Role.VIEWER)
    wire.after = 1
    api = make(base_url=wire.url)

    with pytest.raises(ConnectionFailedError):
        api.invitations.accept(token, username="frida", password="a long enough one")

    assert len(wire.requests) == 1
    assert "frida" in [member.name for member in api.members.list()]


def test_it_gives_up_after_so_many_attempts(make: Make, wire: Cutter) -> None:
    wire.before = 100
    api = make(base_url=wire.url, retry=Retry(attempts=3, base_s=0.01))

    with pytest.raises(ConnectionFailedError):
        api.services.list()

    assert len(wire.requests) == 3


GOOD = Say(200, {"data": {"id": "s"}})


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize("method", ["get", "start"])
def test_a_platform_that_is_away_for_a_moment(make: Make, status: int, method: str) -> None:
    with scripted([Say(status, b"<html>"), GOOD]) as server:
        found = getattr(make(base_url=server.url).services, method)("s")

    keys = {heard.headers.get("idempotency-key") for heard in server.heard}
    assert (found.id, len(server.heard), len(keys)) == ("s", 2, 1)


def test_a_limit_is_waited_for(make: Make) -> None:
    refused = Say(429, {"error": {"message": "no", "code": "rate_limited"}}, {"Retry-After": "0"})
    with scripted([refused, refused, GOOD]) as server:
        assert make(base_url=server.url).services.get("s").id == "s"


@pytest.mark.parametrize(
    "asked", ["-1", "1e9", "9" * 30, "\u0663", "Wed, 21 Oct 2026 07:28:00 GMT"]
)
def test_what_is_no_number_of_seconds_is_not_waited_for(asked: str) -> None:
    answer = httpx.Response(429, headers=[(b"Retry-After", asked.encode())])

    assert retry_after(answer) == 0


def test_an_internal_error_is_not_asked_for_again(make: Make) -> None:
    with scripted([Say(500, {"error": {"message": "x", "code": "internal_error"}})]) as server:
        with pytest.raises(UnavailableError):
            make(base_url=server.url).services.get("s")

        assert len(server.heard) == 1


def test_the_first_request_of_a_key_is_waited_for_only_by_its_own_second(make: Make) -> None:
    """A clean-up whose answer was lost is still at work when it is asked for again."""
    busy = Say(409, {"error": {"message": "x", "code": "idempotency.unfinished"}})
    done = Say(200, {"data": {"is_dry_run": False, "removed": [], "refused": []}})
    with scripted([Say(503, b""), busy, done]) as server:
        assert make(base_url=server.url).platform.clean().removed == []

    with scripted([busy, done]) as server, pytest.raises(Exception, match="unfinished"):
        make(base_url=server.url).platform.clean()


def test_waits_grow_and_differ() -> None:
    retry = Retry(base_s=1, most_s=8)
    waits: list[list[float]] = [[retry.backoff(n) for _ in range(50)] for n in range(1, 7)]

    assert all(len(set(of_attempt)) > 1 for of_attempt in waits)
    assert [round(max(of_attempt)) for of_attempt in waits] == [1, 2, 4, 8, 8, 8]
    assert retry.backoff(10_000) <= 8
