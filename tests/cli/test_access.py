"""Tokens, profiles and addresses: whose key opens what."""

import pytest

from tests.cli.conftest import Kyozo
from tests.running_platform import RunningPlatform

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def url(platform: RunningPlatform) -> str:
    return f"http://127.0.0.1:{platform.port}"


def test_a_new_token_opens_the_platform_until_it_is_revoked(kyozo: Kyozo, url: str) -> None:
    made = kyozo("token", "create", "for-a-test", "--json").json
    as_other = ("--url", url, "--token", made["token"])

    assert kyozo("ls", *as_other).status == 0
    assert kyozo("token", "revoke", "for-a-test").status == 0
    assert kyozo("ls", *as_other).status == 1


def test_a_token_is_listed_without_its_secret(kyozo: Kyozo) -> None:
    made = kyozo("token", "create", "listed", "--json").json

    listed = kyozo("token", "ls").out
    assert "listed" in listed
    assert made["token"] not in listed


def test_a_token_of_smaller_scope_is_told_so(kyozo: Kyozo, url: str) -> None:
    made = kyozo("token", "create", "reader", "--scope", "read", "--json").json

    done = kyozo("token", "create", "more", "--url", url, "--token", made["token"])

    assert done.status == 1
    assert "scope" in done.err


def test_login_keeps_the_token_for_that_address(kyozo: Kyozo, url: str) -> None:
    made = kyozo("token", "create", "kept", "--json").json

    assert kyozo("login", url, "--token", made["token"]).status == 0
    assert kyozo("ls", "--url", url).status == 0


def test_the_local_token_is_never_sent_elsewhere(kyozo: Kyozo) -> None:
    done = kyozo("ls", "--url", "http://127.0.0.1:9/")

    assert done.status == 1
    assert "no token" in done.err


def test_an_address_where_nobody_listens_is_named(kyozo: Kyozo) -> None:
    done = kyozo("ls", "--url", "http://127.0.0.1:9", "--token", "x", "--team", "y", "--json")

    assert done.status == 1
    assert done.json["error"]["code"] == "platform.unreachable"


def test_without_a_platform_the_way_to_one_is_shown(alone: Kyozo) -> None:
    done = alone("ls")

    assert done.status == 1
    assert "kyozo up" in done.err
