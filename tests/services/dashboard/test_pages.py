"""The pages, as a browser without JavaScript gets them."""

import pytest
from django.test import Client

from services.accounts.sign_in import create_link
from services.teams.models import Membership
from tests.conftest import Person
from tests.factories import make_service, make_team, make_user


@pytest.fixture
def link(alice: Person) -> str:
    return f"/sign-in/{create_link(alice.user, team=alice.team)}"


def test_without_a_session_the_page_says_how_to_get_in(client: Client, db: None) -> None:
    page = client.get("/").content.decode()

    assert "bin/kyozo open" in page
    assert 'type="password"' in page
    assert "no passwords" not in page
    assert "data-team" not in page


def test_looking_at_a_link_does_not_use_it_up(client: Client, link: str) -> None:
    for _ in range(2):
        assert b"<form" in client.get(link).content

    assert client.post(link).status_code == 302
    assert b"data-team" in client.get("/").content


def test_a_link_works_once(client: Client, link: str) -> None:
    client.post(link)
    again = Client().post(link)

    assert again.status_code == 404
    assert "spent" in again.content.decode()


def test_signing_in_needs_the_page_s_own_form(link: str) -> None:
    refused = Client(enforce_csrf_checks=True).post(link)

    assert refused.status_code == 403
    assert "load the page again" in refused.content.decode()
    assert "script-src 'self'" in refused.headers["Content-Security-Policy"]


def test_signing_out_ends_the_session(client: Client, alice: Person) -> None:
    client.force_login(alice.user)
    client.post("/sign-out")

    assert b"data-team" not in client.get("/").content


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-in/x", "/nothing"])
def test_every_page_has_a_strict_policy(client: Client, alice: Person, path: str) -> None:
    client.force_login(alice.user)
    answer = client.get(path)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "no-store" in answer.headers["Cache-Control"]


def test_no_page_has_inline_code(client: Client, alice: Person) -> None:
    client.force_login(alice.user)
    page = client.get("/").content.decode()

    assert page.count("<script") == 1
    assert "style=" not in page
    assert " on" + "click" not in page


def test_a_team_s_name_is_text(client: Client, alice: Person) -> None:
    alice.team.name = "<script>alert(1)</script>"
    alice.team.save()
    client.force_login(alice.user)

    assert b"<script>alert" not in client.get("/").content


def test_the_services_are_there_before_any_script_runs(
    client: Client, alice: Person, charlie: Person
) -> None:
    client.force_login(alice.user)
    assert "Nothing runs here yet" in client.get("/").content.decode()
    for name, status in (("shop", "running"), ("blog", "error")):
        make_service(alice.team, name=name, status=status)
    make_service(charlie.team, name="theirs")

    page = client.get("/").content.decode().partition("<template")[0]

    assert "2 in all" in page
    assert 'class="empty" hidden' in page
    assert page.index(">shop<") < page.index(">running<") < page.index(">blog<")
    assert "theirs" not in page


def test_one_chooses_among_one_s_own_teams(client: Client, alice: Person, charlie: Person) -> None:
    second = make_team("second")
    Membership.objects.create(team=second, user=alice.user)
    client.force_login(alice.user)

    assert str(second.id) in client.get("/?team=second").content.decode()
    assert str(charlie.team.id) not in client.get("/?team=others").content.decode()


def test_who_is_on_no_team_is_told_so(client: Client, db: None) -> None:
    client.force_login(make_user())

    page = client.get("/").content.decode()
    assert "No team is open to you" in page
    assert 'type="password"' not in page


def test_a_viewer_gets_no_buttons_to_press(client: Client, alice: Person) -> None:
    Membership.objects.update(role="viewer")
    client.force_login(alice.user)

    assert b'data-can-deploy=""' in client.get("/").content


@pytest.mark.parametrize("file", ["app.js", "style.css", "icon.svg"])
def test_what_the_page_needs_is_served(client: Client, file: str) -> None:
    answer = client.get(f"/static/dashboard/{file}")

    assert answer.status_code == 200
    assert answer.getvalue()
