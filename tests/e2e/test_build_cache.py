"""The build cache of an engine of our own is trimmed; what was built stays."""

from collections.abc import Iterator

import pytest

from services.runtimes.docker import DockerRuntime
from tests.own_engine import BASE, OwnEngine, own_engine
from tests.runner import run as runs

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(150)]


@pytest.fixture
def engine() -> Iterator[OwnEngine]:
    with runs.begin() as run, own_engine(run, BASE) as engine:
        yield engine


def test_what_is_more_than_asked_for_goes_and_images_stay(engine: OwnEngine) -> None:
    runtime = DockerRuntime(engine.url)
    folder = engine.run.folder / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        f"FROM {BASE}\nRUN --mount=type=cache,target=/cache head -c 4M /dev/urandom > /cache/x\n"
        "RUN head -c 1M /dev/urandom > /made\n"
    )
    command = engine.docker.client.build_command("--tag=app:1", str(folder))
    engine.docker.stream(command, log=lambda _: None, cancelled=lambda: False)

    assert runtime.trim_build_cache(keep_bytes=1024**3) == 0
    freed = runtime.trim_build_cache(keep_bytes=0)

    assert freed > 4_000_000
    assert runtime.image_id("app:1")
    assert runtime.trim_build_cache(keep_bytes=0) == 0
    runtime.close()
