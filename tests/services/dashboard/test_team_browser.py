"""A team's pages in a real browser, by keyboard alone, and with names that try to be code."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from services.models import AuditEntry
from services.teams.models import ApiToken, Invitation, Membership, Role, Team
from tests.conftest import Person
from tests.factories import make_invitation, make_member, make_service, make_team, make_token
from tests.services.dashboard.test_browser import CHROMIUM, QUIET

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]

PASSWORD = "correct horse battery"
HOSTILE = "<img src=x onerror=\"document.title='owned'\">'<script>document.title='owned'</script>"
PAGES = ("", "/tokens", "/members", "/invitations", "/audit")


@contextmanager
def browser(url: str, cookie: str = "") -> Iterator[BrowserContext]:
    """Rows must be there before, and are looked at after: Django asks no database inside."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        context = chromium.new_context(viewport={"width": 1100, "height": 800})
        if cookie:
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": cookie, "url": url}])
        yield context
        chromium.close()


def pressed(page: Page, label: str) -> None:
    """To the control of this name with the Tab key, as without a mouse."""
    for _ in range(80):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "(at => [at.labels?.[0]?.textContent, at.textContent])(document.activeElement)"
        )
        if label in {" ".join((one or "").split()) for one in said}:
            return
    raise AssertionError(f"no key leads to {label!r}")


@pytest.fixture
def team(alice: Person, transactional_db: None) -> Team:
    make_member(alice.team, "bob")
    Membership.objects.create(team=make_team("second"), user=alice.user, role=Role.VIEWER)
    return alice.team


@pytest.fixture
def cookie(alice: Person, team: Team) -> str:
    client = Client()
    client.force_login(alice.user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def test_a_token_is_made_and_revoked_by_keyboard(
    live_server: LiveServer, team: Team, cookie: str
) -> None:
    with browser(live_server.url, cookie) as context:
        page = context.new_page()
        page.goto(f"{live_server.url}/teams/alpha/tokens")
        pressed(page, "Name")
        page.keyboard.type("laptop")
        pressed(page, "Scope")
        page.keyboard.type("read")
        page.keyboard.press("Enter")
        pressed(page, "Make a token")
        page.keyboard.press("Enter")
        shown = page.get_by_role("textbox", name="Your new token laptop").input_value()
        page.get_by_role("button", name="Copy").wait_for()
        pressed(page, "Revoke laptop")
        page.keyboard.press("Enter")
        pressed(page, "Revoke it for good")
        page.keyboard.press("Enter")
        said = page.get_by_role("status").inner_text()
        again = page.content()

    assert said.startswith("It is revoked")
    assert shown not in again
    token = ApiToken.objects.get()
    assert (token.name, token.scope) == ("laptop", "read")
    assert token.revoked_at is not None
    assert ApiToken.objects.all().find(shown) is None


def test_the_team_is_switched_by_keyboard(live_server: LiveServer, cookie: str) -> None:
    with browser(live_server.url, cookie) as context:
        page = context.new_page()
        page.goto(f"{live_server.url}/teams/alpha/members")
        pressed(page, "Team: alpha")
        page.keyboard.press("Enter")
        pressed(page, "second")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?team=second")
        page.get_by_role("link", name="Members").click()
        rows = page.get_by_role("row").all_inner_texts()
        links = page.get_by_label("Pages").get_by_role("link").all_inner_texts()

    assert len(rows) == 2
    assert "Save" not in rows[1]
    assert links == ["Services", "Tokens", "Members", "Team"]


def test_somebody_is_invited_and_comes_in(live_server: LiveServer, team: Team, cookie: str) -> None:
    with browser(live_server.url, cookie) as context:
        page = context.new_page()
        page.goto(f"{live_server.url}/teams/alpha/invitations")
        page.get_by_label("Role").select_option("viewer")
        page.get_by_role("button", name="Make a link").click()
        link = page.get_by_role("textbox", name="The link").input_value()
        guest = context.browser.new_context().new_page()  # type: ignore[union-attr]
        guest.goto(link)
        guest.get_by_label("Choose a username").fill("frida")
        guest.get_by_label("Choose a password").fill(PASSWORD)
        guest.get_by_role("button", name="Make an account and join").click()
        guest.wait_for_url("**/?team=alpha")
        links = guest.get_by_label("Pages").get_by_role("link").all_inner_texts()
        guest.goto(link)
        over = guest.get_by_role("alert").inner_text()

    assert link.startswith(f"{live_server.url}/join/kyozo_invite_")
    assert links == ["Services", "Tokens", "Members", "Team"]
    assert "was used" in over
    assert Membership.objects.get(user__username="frida").role == Role.VIEWER


@pytest.fixture
def hostile(alice: Person, team: Team) -> Team:
    """Everything that has a name is called like code."""
    make_token(team, alice.user)
    make_invitation(team, alice.user)
    make_service(team, name=HOSTILE)
    ApiToken.objects.update(name=HOSTILE)
    Invitation.objects.update(email=HOSTILE)
    User.objects.filter(username="bob").update(username=HOSTILE)
    AuditEntry.objects.create(
        team=team,
        action="x",
        kind="x",
        object_id="x",
        object_name=HOSTILE,
        after={HOSTILE: HOSTILE},
    )
    Team.objects.update(name=HOSTILE)
    return team


@pytest.mark.parametrize("address", [*(f"/teams/alpha{one}" for one in PAGES), "/?team=alpha"])
def test_names_are_never_run(
    live_server: LiveServer, hostile: Team, cookie: str, address: str
) -> None:
    loud: list[str] = []
    with browser(live_server.url, cookie) as context:
        page = context.new_page()
        page.on("console", lambda said: loud.append(said.text))
        page.on("pageerror", lambda error: loud.append(str(error)))
        page.goto(f"{live_server.url}{address}")
        page.wait_for_load_state("networkidle")
        title, images = page.title(), page.locator("img:not(.brand img)").count()
        scripts, text = page.locator("script").count(), page.locator("main").inner_text()

    assert "onerror" in text
    assert title != "owned"
    assert (images, scripts) == (0, 1)
    assert not [said for said in loud if "Content Security Policy" in said]


@pytest.mark.parametrize("width", [1100, 380])
def test_pages_stay_within_the_screen(
    live_server: LiveServer, hostile: Team, cookie: str, width: int, tmp_path: Path
) -> None:
    with browser(live_server.url, cookie) as context:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 800})
        wide = {}
        for address in PAGES:
            page.goto(f"{live_server.url}/teams/alpha{address}")
            wide[address] = page.evaluate("document.documentElement.scrollWidth")
            hidden = page.evaluate(
                "(at => at.scrollWidth - at.clientWidth)(document.querySelector('.top nav'))"
            )
            assert hidden <= 0, "a part of the navigation is out of sight"
            page.screenshot(path=tmp_path / f"{address.strip('/') or 'team'}-{width}.png")

    assert {address: size for address, size in wide.items() if size > width} == {}
