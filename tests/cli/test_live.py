"""Where the command's token goes when it opens a socket."""

from contextlib import closing

import pytest

from kyozo.cli.client import Api
from kyozo.cli.live import LiveClosedError, LiveSocket
from tests.sdk.scripted import Say, scripted

TOKEN = "kyozo_secret"


def open_at(url: str) -> None:
    with closing(Api(url.removesuffix("/api/v1"), token=TOKEN, team_id="T")) as api:
        LiveSocket(api, since=5).close()


def test_the_token_is_in_a_header_and_not_in_the_address() -> None:
    with scripted([Say(403, b"")]) as server, pytest.raises(LiveClosedError) as caught:
        open_at(server.url)

    assert server.heard[0].path == "/live/containers?team_id=T&since=5"
    assert server.heard[0].headers["x-api-key"] == TOKEN
    assert TOKEN not in str(caught.value)


def test_it_goes_to_no_other_host() -> None:
    with scripted([Say(403, b"")]) as other:
        moved = Say(302, b"", {"Location": other.url.replace("http", "ws")})
        with scripted([moved]) as server, pytest.raises(LiveClosedError):
            open_at(server.url)

    assert len(server.heard) == 1
    assert other.heard == []
