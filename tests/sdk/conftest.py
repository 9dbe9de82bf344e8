"""A real server on a real socket in this process, and both clients, each test with either."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kyozo.asgi import application
from kyozo.platform.web import web_server
from kyozo_sdk import Retry
from tests.conftest import Person
from tests.factories import make_token
from tests.sdk.both import Api, Loop, client
from tests.sdk.cutting import Cutter, cutter
from tests.services.lifecycle.conftest import _short_times, engine, running
from tests.serving import running as serving

__all__ = ["_short_times", "engine", "running"]
QUICK = Retry(base_s=0.01, most_s=0.05)

Make = Callable[..., Api]


@pytest.fixture
def port(transactional_db: None) -> Iterator[int]:
    with serving(web_server(application)) as port:
        yield port


@pytest.fixture
def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/api/v1"


@pytest.fixture
def token(alice: Person) -> str:
    return make_token(alice.team, alice.user)


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@pytest.fixture(params=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(mode: str, loop: Loop, url: str, token: str, alice: Person) -> Iterator[Make]:
    """`make(base_url=...)` is a client of alice's; what is not said is as usual."""
    made = []

    def new(**options: Any) -> Api:
        usual = {
            "api_token": token,
            "team_id": str(alice.team.id),
            "base_url": url,
            "retry": QUICK,
        }
        made.append(client(mode, loop, **usual | options))
        return made[-1]

    yield new
    for one in made:
        one.close()


@pytest.fixture
def sdk(make: Make) -> Api:
    return make()


@pytest.fixture
def wire(port: int) -> Iterator[Cutter]:
    """A proxy in front of the server that cuts connections."""
    with cutter(port) as made:
        yield made
