"""Who gets a socket, and for how long: the same policy as over HTTP."""

import asyncio
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from services.accounts.members import remove_member
from services.accounts.sign_in import create_link
from services.accounts.tokens import revoke_token
from services.teams.models import ApiToken, Membership, hash_token
from tests.conftest import Person
from tests.factories import make_token
from tests.services.live.wire import Socket


def session_headers(person: Person, *, origin: str = "http://testserver") -> dict[str, str]:
    browser = Client()
    browser.force_login(person.user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    return {"cookie": cookie, "origin": origin, "host": "testserver"}


@pytest.fixture
def token(alice: Person) -> str:
    return make_token(alice.team, alice.user)


async def test_a_token_in_the_subprotocol_works(token: str) -> None:
    async with Socket(protocols=("kyozo", f"kyozo.token.{token}")) as socket:
        assert socket.protocol == "kyozo"
        assert await socket.is_silent()


async def test_a_token_in_the_first_message_works(token: str, alice: Person) -> None:
    async with Socket() as socket:
        socket.say(type="authenticate", token=token, team_id=str(alice.team.id))
        assert await socket.is_silent()


async def test_a_bad_token_is_closed_with_its_own_code(alice: Person) -> None:
    async with Socket(query=f"token=kyozo_wrong&team_id={alice.team.id}") as socket:
        assert await socket.close_code() == 4401


async def test_speaking_before_authenticating_ends_it() -> None:
    async with Socket() as socket:
        socket.say(type="subscribe")
        assert await socket.close_code() == 4401


@pytest.mark.parametrize("team", ["charlies", "00000000-0000-0000-0000-000000000000", "no id"])
async def test_any_other_team_is_not_there(team: str, token: str, charlie: Person) -> None:
    team_id = str(charlie.team.id) if team == "charlies" else team
    async with Socket(query=urlencode({"token": token, "team_id": team_id})) as socket:
        assert await socket.close_code() == 4404


@pytest.mark.parametrize(
    ("team_id", "header", "code"),
    [
        ("alices", "alices", None),
        (None, "alices", None),
        ("alices", "charlies", 4403),
        (None, "charlies", 4403),
        ("charlies", "charlies", 4404),
        ("alices", "no id", 4403),
    ],
)
async def test_header_address_and_token_name_one_team_as_over_http(
    team_id: str | None, header: str, code: int | None, token: str, alice: Person, charlie: Person
) -> None:
    ids = {"alices": str(alice.team.id), "charlies": str(charlie.team.id)}
    query = urlencode({"team_id": ids[team_id]} if team_id else {})
    headers = {"x-api-key": token, "x-team-id": ids.get(header, header)}
    async with Socket(query=query, headers=headers) as socket:
        if code is None:
            assert await socket.is_silent()
        else:
            assert await socket.close_code() == code


async def test_a_session_of_our_own_page_works(alice: Person) -> None:
    headers = await sync_to_async(session_headers)(alice)
    async with Socket(headers=headers) as socket:
        assert await socket.is_silent()


@pytest.mark.parametrize("origin", ["http://evil.example", "", "http://testserver.evil.example"])
async def test_a_foreign_page_cannot_use_the_session(alice: Person, origin: str) -> None:
    headers = await sync_to_async(session_headers)(alice, origin=origin)
    async with Socket(headers=headers) as socket:
        assert await socket.close_code() == 4403


async def test_a_revoked_token_ends_its_socket(token: str) -> None:
    async with Socket(query=f"token={token}") as socket:
        assert await socket.is_silent()
        row = await ApiToken.objects.aget(hash=hash_token(token))
        await sync_to_async(revoke_token)(row)

        assert await socket.close_code() == 4401


async def test_a_token_that_expires_ends_its_socket(token: str) -> None:
    async with Socket(query=f"token={token}") as socket:
        assert await socket.is_silent()
        soon = timezone.now() + timedelta(seconds=0.5)
        await ApiToken.objects.filter(hash=hash_token(token)).aupdate(expires_at=soon)
        assert await socket.close_code() == 4401
    assert timezone.now() > soon


async def test_it_is_the_clock_that_ends_a_token_s_socket(token: str) -> None:
    """Not a change of its row: nothing happens but the time."""
    in_an_hour = timezone.now() + timedelta(hours=1)
    await ApiToken.objects.filter(hash=hash_token(token)).aupdate(expires_at=in_an_hour)
    async with Socket(query=f"token={token}") as socket:
        assert await socket.is_silent()
        with time_machine.travel(in_an_hour - timedelta(seconds=1), tick=False):
            await asyncio.sleep(0.2)  # it was looked at some times
            assert await socket.is_silent()
        with time_machine.travel(in_an_hour, tick=False):
            assert await socket.close_code() == 4401
            async with Socket(query=f"token={token}") as again:
                assert await again.close_code() == 4401


async def test_cookies_of_others_are_no_session(token: str) -> None:
    """A proxy's, for example: the token may still come with the first message."""
    async with Socket(headers={"cookie": "theme=dark"}) as socket:
        socket.say(type="authenticate", token=token)
        assert await socket.is_silent()


async def test_a_member_who_is_removed_loses_the_socket(token: str, alice: Person) -> None:
    async with Socket(query=f"token={token}") as socket:
        assert await socket.is_silent()
        await Membership.objects.filter(user=alice.user).adelete()

        assert await socket.close_code() == 4401


async def test_signing_out_ends_the_session_s_socket(alice: Person) -> None:
    headers = await sync_to_async(session_headers)(alice)
    async with Socket(headers=headers) as socket:
        assert await socket.is_silent()
        await Session.objects.all().adelete()

        assert await socket.close_code() == 4401


async def test_the_token_does_not_stay_in_the_scope_that_servers_log(token: str) -> None:
    async with Socket(query=f"token={token}") as socket:
        assert socket.scope["query_string"] == b""
        assert await socket.is_silent()


async def test_who_is_removed_is_out_at_once(
    alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.live.hub.RECHECK_S", 60)
    his = await sync_to_async(make_token)(bob.team, bob.user)
    async with Socket(query=f"token={his}") as socket:
        assert await socket.is_silent()
        member = await Membership.objects.select_related("team").aget(user=bob.user)
        await sync_to_async(remove_member)(member, by=alice.user)

        assert await socket.close_code() == 4401


async def test_a_session_of_one_team_hears_no_other(alice: Person, charlie: Person) -> None:
    def headers() -> dict[str, str]:
        Membership.objects.create(team=charlie.team, user=alice.user)
        browser = Client()
        browser.post(f"/sign-in/{create_link(alice.user, team=alice.team)}")
        key = browser.cookies[settings.SESSION_COOKIE_NAME].value
        cookie = f"{settings.SESSION_COOKIE_NAME}={key}"
        return {"cookie": cookie, "origin": "http://testserver", "host": "testserver"}

    said = await sync_to_async(headers)()
    async with Socket(headers=said, query=f"team_id={charlie.team.id}") as socket:
        assert await socket.close_code() == 4404
    async with Socket(headers=said, query=f"team_id={alice.team.id}") as socket:
        assert await socket.is_silent()
