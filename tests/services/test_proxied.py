"""Behind a proxy that speaks TLS: links, origins and cookies, and the addresses of people."""

import json
import os
import subprocess
import sys
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from kyozo import env
from services.models import AuditEntry
from services.proxied import client_address
from services.teams import limits
from services.teams.models import Role
from tests.conftest import Api, Person
from tests.factories import make_invitation, make_service
from tests.repository import ROOT

PUBLIC = "https://kyozo.example.com"


@pytest.fixture
def _public(settings: Settings) -> None:
    settings.KYOZO = settings.KYOZO | {"PUBLIC_URL": PUBLIC}


@pytest.mark.usefixtures("_public")
def test_links_begin_where_people_find_the_pages(api: Api, client: Client, alice: Person) -> None:
    invited = api.post(api.at("/invitations"), {"role": "developer"}).json()["data"]
    opened = api.post("/api/v1/sign-in-links", {}).json()["data"]
    token = make_invitation(alice.team, alice.user, role=Role.DEVELOPER)[1]
    body = {"token": token, "username": "frida", "password": "correct horse battery"}
    arrived = client.post("/api/v1/invitations/accept", body, content_type="application/json")
    client.force_login(alice.user)
    page = client.post("/teams/alpha/invitations", {"role": "developer", "days": 7})

    assert invited["join_url"] == f"{PUBLIC}/join/{invited['token']}"
    assert opened["url"].startswith(f"{PUBLIC}/sign-in/")
    assert arrived.json()["data"]["sign_in_url"].startswith(f"{PUBLIC}/sign-in/")
    assert f"{PUBLIC}/join/" in page.content.decode()
    assert "http://testserver/join/" not in page.content.decode()


@pytest.mark.usefixtures("_public")
def test_the_next_page_is_linked_from_there(api: Api, alice: Person) -> None:
    for _ in range(2):
        make_service(alice.team)

    link = api.get(api.at("/services?limit=1")).headers["Link"]

    assert link.startswith(f"<{PUBLIC}/api/v1/")


def of_settings(**given: str) -> dict[str, Any]:
    """As a fresh process reads them."""
    code = (
        "import json; from kyozo import settings as s; "
        "print(json.dumps([s.CSRF_TRUSTED_ORIGINS, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "KYOZO_SECRET_KEY": "a", **given},
        check=True,
        timeout=30,
        stdout=subprocess.PIPE,
        text=True,
    )
    origins, *secure = json.loads(done.stdout)
    return {"origins": origins, "secure": secure}


def test_with_https_the_origin_is_trusted_and_cookies_are_secure() -> None:
    assert of_settings() == {"origins": [], "secure": [False, False]}
    assert of_settings(KYOZO_PUBLIC_URL=PUBLIC) == {"origins": [PUBLIC], "secure": [True, True]}
    assert of_settings(KYOZO_PUBLIC_URL="http://10.1.1.1:7070") == of_settings()
    assert of_settings(
        KYOZO_PUBLIC_URL=PUBLIC,
        KYOZO_TRUSTED_ORIGINS="https://b.example",
        KYOZO_SECURE_COOKIES="false",
    ) == {"origins": ["https://b.example", PUBLIC], "secure": [False, False]}


@pytest.mark.parametrize(
    "said",
    [
        *("kyozo.example.com", f"{PUBLIC}/", f"{PUBLIC}/app", f"{PUBLIC}?a", f"{PUBLIC}#a", "*"),
        *("ftp://kyozo.example.com", "https://u:p@kyozo.example.com", f"{PUBLIC},{PUBLIC}"),
        *("javascript://kyozo.example.com", "https://", f"{PUBLIC}\n"),
    ],
)
def test_what_is_no_origin_is_no_public_url(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KYOZO_PUBLIC_URL", said)

    with pytest.raises(env.SettingError, match="KYOZO_PUBLIC_URL"):
        env.origin("KYOZO_PUBLIC_URL")


PROXY, INNER = "172.18.0.1", "10.9.0.7"


@pytest.fixture
def _behind(settings: Settings) -> None:
    networks = [ip_network(PROXY), ip_network("10.9.0.0/16"), ip_network("fd00::/8")]
    settings.KYOZO = settings.KYOZO | {"PROXY_ADDRESSES": networks}


@pytest.mark.usefixtures("_behind")
@pytest.mark.parametrize(
    ("peer", "forwarded", "who"),
    [
        ("203.0.113.5", "198.51.100.9", "203.0.113.5"),  # no proxy of ours: forged
        (PROXY, "", PROXY),
        (PROXY, "198.51.100.9", "198.51.100.9"),
        (PROXY, "6.6.6.6, 198.51.100.9", "198.51.100.9"),  # the first was sent along
        (PROXY, f"6.6.6.6,198.51.100.9 , {INNER},10.9.1.1", "198.51.100.9"),  # several hops
        (PROXY, f"{PROXY}, {INNER}", PROXY),  # nobody but proxies
        (PROXY, "6.6.6.6, unknown", PROXY),
        (PROXY, f"6.6.6.6, <script>, {INNER}", INNER),
        (PROXY, "198.51.100.9:1234", PROXY),
        (PROXY, "fe80::1%any text", PROXY),
        (PROXY, ",,,", PROXY),
        ("fd00::1", "2001:DB8::1", "2001:db8::1"),
        (f"::ffff:{PROXY}", "::ffff:198.51.100.9", "198.51.100.9"),
        ("", "198.51.100.9", ""),
        ("unix:", "198.51.100.9", "unix:"),
    ],
)
def test_the_last_that_is_no_proxy_asks(peer: str, forwarded: str, who: str) -> None:
    assert client_address(peer, forwarded) == who


def test_without_proxies_a_header_says_nothing() -> None:
    assert client_address("127.0.0.1", "198.51.100.9") == "127.0.0.1"


def tries(client: Client, forwarded: str, *, peer: str = PROXY, count: int = 1) -> list[int]:
    """With a name each: what is counted is the address."""
    return [
        client.post(
            "/sign-in",
            {"username": f"nobody-{peer}-{forwarded}-{n}", "password": "wrong"},
            REMOTE_ADDR=peer,
            HTTP_X_FORWARDED_FOR=forwarded,
        ).status_code
        for n in range(count)
    ]


@pytest.mark.usefixtures("_behind", "db")
def test_two_people_behind_a_proxy_do_not_share_their_tries(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.SIGN_INS, "address", 2)

    assert tries(client, "198.51.100.1", count=3) == [403, 403, 429]
    assert tries(client, "198.51.100.2") == [403]
    assert tries(client, "6.6.6.6, 198.51.100.1") == [429]
    # Who is no proxy has one address, whatever they send.
    said = [tries(client, f"198.51.100.{n}", peer="203.0.113.5")[0] for n in range(7, 10)]
    assert said == [403, 403, 429]


@pytest.mark.usefixtures("_behind")
def test_the_audit_log_and_other_limits_know_them_too(
    api: Api, client: Client, settings: Settings
) -> None:
    settings.KYOZO = settings.KYOZO | {"RATE_LIMITS": True, "ANONYMOUS_LIMIT": 1}

    def guess(address: str) -> int:
        headers = {"X-API-Key": "x", "X-Forwarded-For": address}
        return client.get("/api/v1/me", headers=headers, REMOTE_ADDR=PROXY).status_code

    assert [guess(f"198.51.100.{n}") for n in (1, 1, 2)] == [401, 429, 401]
    made = api.post(
        api.at("/tokens"),
        {"name": "ci", "scope": "read"},
        REMOTE_ADDR=PROXY,
        HTTP_X_FORWARDED_FOR="6.6.6.6, 198.51.100.3",
    )
    assert made.status_code == 201
    entry = AuditEntry.objects.exclude(request_id="").get(action="token.create")
    assert entry.address == "198.51.100.3"
