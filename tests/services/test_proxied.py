"""Behind a proxy that speaks TLS: links, origins and cookies."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from kyozo import env
from services.teams.models import Role
from tests.conftest import Api, Person
from tests.factories import make_invitation
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
