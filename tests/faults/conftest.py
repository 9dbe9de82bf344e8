"""One engine, one installation and two workers for all tests of a process; a site that is kept."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import docker
import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from services.teams.models import Team
from tests.factories import make_team
from tests.faults.calls import calls
from tests.faults.crew import Crew
from tests.faults.crew import crew as hired
from tests.faults.installation import Installation, joined
from tests.faults.oracle import Oracle
from tests.faults.proxy import Proxy, proxy
from tests.faults.recovery import Recovery, write_table
from tests.faults.site import Site, ended, make_site
from tests.faults.verbs import moments, scaled
from tests.own_engine import OwnEngine, own_engine
from tests.runner import run as runs
from tests.runner import servers
from tests.runner.run import Run
from tests.runtimes.busybox import ensure_image


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all", action="store_true", help="each fault at each boundary; writes docs/faults.md"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    everything = metafunc.config.getoption("--all", default=False)
    if "call" in metafunc.fixturenames:
        metafunc.parametrize("call", calls(everything=everything), ids=str)
    if "moment" in metafunc.fixturenames:
        metafunc.parametrize("moment", moments(everything=everything), ids=str)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.getoption("--all", default=False) and not config.option.collectonly:
        write_table(one.user_properties for one in terminalreporter.getreports("passed"))


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    with runs.begin() as run:
        yield run


@pytest.fixture(scope="session")
def engine(run: Run) -> Iterator[OwnEngine]:
    image = ensure_image(settings.KYOZO["ENGINE_URL"])
    with own_engine(run, image) as engine:
        yield engine


@pytest.fixture(scope="session")
def wire(run: Run, engine: OwnEngine) -> Iterator[Proxy]:
    """Between all workers and the engine."""
    with proxy(run.folder / "wire.sock", engine.socket) as wire:
        yield wire


@pytest.fixture(scope="session")
def installation(
    run: Run, engine: OwnEngine, wire: Proxy, django_db_blocker: DjangoDbBlocker
) -> Iterator[Installation]:
    database = servers.start(run)["DATABASE_URL"]
    made = Installation(run, engine.url, f"unix://{wire.path}", {"DATABASE_URL": database})
    with django_db_blocker.unblock(), joined(made):
        yield made


@pytest.fixture(scope="session")
def oracle(installation: Installation) -> Iterator[Oracle]:
    client = docker.APIClient(base_url=installation.engine_url, version="auto")
    oracle = Oracle(installation, client)
    oracle.add_neighbour()
    yield oracle
    client.close()


@pytest.fixture(scope="session")
def team(installation: Installation) -> Team:
    return make_team("faults")


@pytest.fixture(scope="session")
def all_workers(installation: Installation) -> Iterator[Crew]:
    with hired(installation.environment, installation.run.folder / "logs") as crew:
        yield crew


@pytest.fixture
def crew(all_workers: Crew) -> Iterator[Crew]:
    """Two that are ready; what they said meanwhile is shown if the test fails."""
    all_workers.fill()
    already = all_workers.said()
    yield all_workers
    for name, text in all_workers.said().items():
        print(f"--- {name}\n{text.removeprefix(already.get(name, ''))}")  # noqa: T201


@pytest.fixture(scope="session")
def kept_sites() -> list[Site]:
    return []


@pytest.fixture(scope="session")
def new_site(team: Team, run: Run) -> Callable[[], Site]:
    return lambda: make_site(team, run.folder / "sites" / f"site-{uuid4().hex[:6]}")


@pytest.fixture
def site(crew: Crew, oracle: Oracle, new_site: Callable[[], Site], kept_sites: list[Site]) -> Site:
    """The one of the test before, with one instance, unless it was removed or left in trouble."""
    if not kept_sites or not kept_sites[-1].should_serve or oracle.troubles_at_rest():
        kept_sites.append(new_site())
    scaled(kept_sites[-1], 1)
    return kept_sites[-1]


@pytest.fixture
def other_site(site: Site, new_site: Callable[[], Site]) -> Iterator[Site]:
    other = new_site()
    yield other
    ended(other.remove())


@pytest.fixture
def recovery(record_property) -> Recovery:  # type: ignore[no-untyped-def]
    return Recovery(record_property)
