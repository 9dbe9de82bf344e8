"""The page in a real browser: what its script makes of a service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route, sync_playwright
from pytest_django.live_server_helper import LiveServer

from services.models import HostPort, OperationState, Service
from tests.conftest import Person
from tests.factories import make_operation, make_service

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]

CHROMIUM = "/usr/bin/chromium"
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
WHY = "the app exited with code 3 while starting"


@pytest.fixture
def failed(alice: Person, transactional_db: None) -> Service:
    """It has an address from before, and its last deploy did not come up."""
    service = make_service(
        alice.team,
        name="broken",
        status="error",
        status_reason=WHY,
        deployment_status=f"Deployment failed: {WHY}",
    )
    HostPort.objects.create(service=service, port=8080, container_port=8000)
    error = {"code": "deploy.instance_failed", "message": WHY, "stage": "health", "fix": "mend it"}
    make_operation(service, state=OperationState.FAILED, error=error, ended_at=timezone.now())
    return service


@pytest.fixture
def serving(alice: Person, transactional_db: None) -> Service:
    now = timezone.now()
    service = make_service(
        alice.team, name="well", status="running", current_replicas=1, observed_at=now
    )
    HostPort.objects.create(service=service, port=8081, container_port=8000)
    return service


@dataclass(frozen=True)
class Seen:
    """What one card of the page says."""

    text: str
    links: tuple[str, ...]


@contextmanager
def card_of(url: str, cookie: str, name: str) -> Iterator[Locator]:
    """The rows must be there before: Django asks no database where an event loop runs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        context = browser.new_context()
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
        page: Page = context.new_page()
        page.goto(url)
        card = page.locator("article.card", has=page.get_by_role("heading", name=name))
        card.locator("[data-open]").first.wait_for()
        yield card
        browser.close()


def look(url: str, cookie: str, name: str) -> Seen:
    with card_of(url, cookie, name) as card:
        links = card.locator(".urls a").evaluate_all("all => all.map(a => a.href)")
        return Seen(card.inner_text(), tuple(links))


@pytest.fixture
def cookie(alice: Person, transactional_db: None) -> str:
    client = Client()
    client.force_login(alice.user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def test_a_service_that_failed_has_no_link_and_one_reason(
    live_server: LiveServer, failed: Service, cookie: str
) -> None:
    seen = look(live_server.url, cookie, failed.name)

    assert seen.links == ()
    assert "http://127.0.0.1:8080" in seen.text
    assert seen.text.count("nothing answers there now") == seen.text.count(WHY) == 1
    assert "What to do: mend it" in seen.text


def test_a_service_that_serves_has_links(
    live_server: LiveServer, serving: Service, cookie: str
) -> None:
    seen = look(live_server.url, cookie, serving.name)

    assert seen.links[0] == "http://127.0.0.1:8081/"
    assert "nothing answers" not in seen.text


def test_a_button_pressed_twice_asks_once_and_an_answer_of_a_proxy_is_told(
    live_server: LiveServer, serving: Service, cookie: str
) -> None:
    asked: list[str] = []

    def proxy(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=502, content_type="text/html", body="<h1>Bad Gateway</h1>")

    with card_of(live_server.url, cookie, serving.name) as card:
        card.page.route("**/restart", proxy)
        card.get_by_role("button", name="Restart").dblclick()
        notice = card.page.locator("#notice")
        notice.wait_for()
        said = notice.inner_text()

    assert said == "well: no answer of the platform (502) — try again in a moment"
    assert len(asked) == 1
