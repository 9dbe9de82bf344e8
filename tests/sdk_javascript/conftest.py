"""The installed package, programs that use it, and a server with sockets in this process."""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kyozo.asgi import application
from kyozo.platform import credentials
from kyozo.platform.credentials import LOCAL
from kyozo.platform.web import web_server
from services.live import log_stream
from tests.conftest import Person
from tests.factories import make_token
from tests.running_platform import RunningPlatform
from tests.sdk_javascript.building import Built, built
from tests.sdk_javascript.programs import Access, Programs
from tests.serving import running as serving

Message = MutableMapping[str, Any]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever comes first waits for npm: on a new machine the compiler is downloaded."""
    for item in items:
        if item.path.is_relative_to(HERE) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def package() -> Built:
    return built()


@pytest.fixture
def js(package: Built, tmp_path: Path) -> Iterator[Programs]:
    place = tmp_path / "programs"
    place.mkdir()
    programs = Programs(place, package)
    yield programs
    programs.end()


@dataclass
class Served:
    """The application, and what it was asked: method and path with its query."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        query = scope.get("query_string", b"").decode()
        path = f"{scope['path']}?{query}" if query else scope["path"]
        line = f"{scope.get('method', 'SOCKET')} {path}"
        self.asked.append(line)
        await application(scope, receive, send)
        self.answered.append(line)

    def times(self, what: str) -> int:
        return sum(what in line for line in self.asked)


@pytest.fixture
def served(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(log_stream, "POLL_S", 0.02)
    server = Served()
    with serving(web_server(server)) as port:
        server.port = port
        yield server


@pytest.fixture
def access(served: Served, alice: Person) -> Access:
    """Alice's, with scope admin."""
    token = make_token(alice.team, alice.user)
    return Access(f"http://127.0.0.1:{served.port}/api/v1", token, str(alice.team.id))


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[RunningPlatform]:
    """A process of its own, with workers, on an engine in memory."""
    running = RunningPlatform.at(tmp_path / "home")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def owner(platform: RunningPlatform) -> Access:
    profile = credentials.load(platform.state, LOCAL)
    assert profile
    base = f"http://127.0.0.1:{platform.port}/api/v1"
    return Access(base, profile.token, profile.team_id)
