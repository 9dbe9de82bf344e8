"""What a team could try to run or to build upon an image that is not its own, on a real engine."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from services.lifecycle.clean import clean
from services.lifecycle.engine import runtime
from services.lifecycle.image_names import pins
from services.models import Build, ImageMapping, Operation, PulledImage, Service
from tests.conftest import Person
from tests.factories import make_service, make_workspace
from tests.runtimes.busybox import ensure_image
from tests.services.lifecycle.building import (
    ENGINE,
    INSTALL,
    build,
    docker,
    dockerfile,
    engine_that_builds,
    log_of,
    without_base,
)
from tests.services.lifecycle.working import at_step

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.enable_socket]
STEAL = "command: [sh, -c, 'tar c /app | base64; sleep 9999'], ports: ['8000:8000']"


@pytest.fixture(autouse=True)
def _real_engine(settings: Settings, tmp_path: Path) -> Iterator[None]:
    with engine_that_builds(settings, tmp_path):
        yield


@pytest.fixture
def theirs(own_image: Service) -> Build:
    """What alice built."""
    return build(without_base(own_image))[1]


@pytest.fixture
def thief(charlie: Person, tmp_path: Path) -> Service:
    """Of another team, with an empty folder."""
    return service_in(charlie, tmp_path / "thief")


@pytest.fixture
def beside(alice: Person, tmp_path: Path) -> Service:
    """Of alice's team, in another workspace."""
    return service_in(alice, tmp_path / "beside")


@pytest.fixture
def tagged() -> Iterator[str]:
    """A name that no registry has and no team, free to be given."""
    name = f"people-{INSTALL}/{secrets.token_hex(4)}:1"
    yield name
    docker("image", "rm", "--force", name)


def service_in(person: Person, folder: Path) -> Service:
    folder.mkdir()
    workspace = make_workspace(person.team, name=folder.name, root=str(folder))
    return make_service(person.team, workspace=workspace, name="x")


def run_image(service: Service, image: str) -> tuple[Operation, Build]:
    text = f"services: {{x: {{image: '{image}', {STEAL}}}}}\n"
    (Path(service.workspace.root) / "compose.yaml").write_text(text)
    return build(service)


def code_of(operation: Operation) -> str:
    assert operation.state == "failed"
    assert operation.error["fix"]
    return str(operation.error["code"])


@pytest.mark.parametrize(("prefix", "length"), [("", 12), ("sha256:", 12), ("sha256:", 64)])
def test_an_image_of_another_team_is_not_run_by_its_id(
    theirs: Build, thief: Service, prefix: str, length: int
) -> None:
    digest = theirs.image_digest.removeprefix("sha256:")

    operation, made = run_image(thief, prefix + digest[:length])

    assert code_of(operation) in {"image.refused", "image.not_available"}
    assert made.image_digest == ""


@pytest.mark.parametrize("host", ["", "docker.io/", "index.docker.io/"])
def test_an_image_of_another_team_is_not_run_by_its_name(
    theirs: Build, thief: Service, host: str
) -> None:
    operation, made = run_image(thief, host + theirs.image_ref)

    assert (code_of(operation), made.image_digest) == ("image.refused", "")
    assert "somebody else" in operation.error["message"]


def test_nor_by_a_mapping(theirs: Build, thief: Service) -> None:
    ImageMapping.objects.create(team=thief.team, source="acme/tool:1", target=theirs.image_ref)

    operation, _ = run_image(thief, "acme/tool:1")

    assert code_of(operation) == "image.refused"


def test_nor_by_another_name_that_it_has(theirs: Build, thief: Service, tagged: str) -> None:
    docker("tag", theirs.image_digest, tagged)

    operation, made = run_image(thief, tagged)

    assert (code_of(operation), made.image_digest) == ("image.refused", "")


@pytest.mark.parametrize("line", ["FROM {}", "FROM scratch\nCOPY --from={} / /"])
def test_nor_built_upon_under_it(theirs: Build, thief: Service, tagged: str, line: str) -> None:
    docker("tag", theirs.image_digest, tagged)
    dockerfile(thief, f'{line.format(tagged)}\nCMD ["/x"]\n')

    operation, _ = build(thief)

    assert code_of(operation) == "image.refused"


@pytest.mark.parametrize("image", ["x/../../containers/y", "../x", "a b", "sha256:3f"])
def test_what_is_no_name_is_said_to_be_none(thief: Service, image: str) -> None:
    operation, _ = run_image(thief, image)

    assert code_of(operation) == "image.refused"
    assert "not the name of an image" in operation.error["message"]


def test_an_image_of_another_workspace_is_not_run(theirs: Build, beside: Service) -> None:
    operation, made = run_image(beside, theirs.image_ref)

    assert (code_of(operation), made.image_digest) == ("image.refused", "")
    assert "kyozo images map" in operation.error["fix"]


def test_nor_built_upon(theirs: Build, beside: Service) -> None:
    dockerfile(beside, f'FROM {theirs.image_ref}\nCMD ["/x"]\n')

    assert code_of(build(beside)[0]) == "image.refused"


@pytest.mark.parametrize("target", ["{name}:{tag}", "{name}:*"])
def test_unless_the_team_maps_a_name_to_it(theirs: Build, beside: Service, target: str) -> None:
    name, _, tag = theirs.image_ref.rpartition(":")
    to = target.format(name=name, tag=tag)
    ImageMapping.objects.create(team=beside.team, source="acme/tool:*", target=to)

    operation, made = run_image(beside, f"acme/tool:{tag}")

    assert operation.error == {}
    assert made.image_digest == theirs.image_digest


def test_another_service_of_the_workspace_may(theirs: Build, tmp_path: Path) -> None:
    other = make_service(
        theirs.service.team, workspace=theirs.service.workspace, name="x", detected_in="/other"
    )
    folder = Path(other.workspace.root) / "other"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f'FROM {theirs.image_ref}\nEXPOSE 1\nCMD ["/x"]\n')

    operation, _ = build(other)

    assert operation.error == {}


def base_with(name: str, line: str) -> None:
    """An image made by hand, as anybody may have put one into a registry."""
    docker("build", "--tag", name, "-", given=f"FROM {ensure_image(ENGINE)}\nONBUILD {line}\n")


@pytest.mark.parametrize(
    "line",
    ["ADD http://169.254.169.254/latest /leak", "COPY --from=somebody/s:1 / /leak"],
)
def test_a_base_image_whose_lines_reach_past_the_walls_is_refused(
    thief: Service, tagged: str, line: str
) -> None:
    base_with(tagged, line)
    ImageMapping.objects.create(team=thief.team, source="python:3.12", target=tagged)
    dockerfile(thief, 'FROM python:3.12\nCMD ["/x"]\n')

    operation, made = build(thief)

    assert code_of(operation) == "image.refused"
    assert "ONBUILD" in operation.error["message"]
    assert "ONBUILD" not in log_of(made)  # the builder was not even asked


def test_what_was_looked_at_is_built_upon_although_its_name_is_given_away_meanwhile(
    thief: Service, tagged: str
) -> None:
    """As by a pull for another service, which is refused, but has moved the name."""
    base_with(tagged, "RUN true")
    looked_at = docker("image", "inspect", "--format", "{{.Id}}", tagged)
    PulledImage.objects.create(ref=tagged, engine_id=looked_at)
    dockerfile(thief, f'FROM {tagged}\nEXPOSE 8000\nCMD ["/x"]\n')

    with at_step("build", lambda: base_with(tagged, "ADD http://127.0.0.1:1/ /leak"), nth=2):
        operation, made = build(thief)

    assert operation.error == {}
    assert "leak" not in log_of(made)
    assert f"FROM {tagged}" in made.dockerfile
    clean()
    assert runtime().image_id(looked_at) is None
    assert runtime().image_names(pins()) == []


def test_a_build_leaves_no_names_of_ours_on_what_it_stands_on(thief: Service, tagged: str) -> None:
    base_with(tagged, "RUN true")
    dockerfile(thief, f'FROM {tagged} AS one\nEXPOSE 8000\nCMD ["/x"]\n')

    _, first = build(thief)
    _, again = build(thief, no_cache=True)

    assert again.content_hash == first.content_hash
    assert "kyozo.invalid" not in log_of(first)
    assert runtime().image_names(pins()) == []
    assert runtime().image_id(tagged)


def test_nobody_builds_upon_names_of_ours(thief: Service) -> None:
    dockerfile(thief, f'FROM {pins()}:1\nCMD ["/x"]\n')

    operation, _ = build(thief)

    assert "somebody else" in operation.error["message"]


def test_a_base_image_with_usual_lines_is_built_upon(thief: Service, tagged: str) -> None:
    base_with(tagged, "COPY hello.txt /copied")
    (Path(thief.workspace.root) / "hello.txt").write_text("hello")
    dockerfile(thief, f'FROM {tagged}\nRUN cat /copied\nEXPOSE 8000\nCMD ["/x"]\n')

    operation, made = build(thief)

    assert operation.error == {}
    assert "COPY hello.txt /copied" in log_of(made)


def test_an_image_of_a_stage_that_is_not_needed_is_not_asked_for(thief: Service) -> None:
    base = ensure_image(ENGINE)
    dockerfile(thief, f'FROM registry.invalid/none AS tests\nFROM {base}\nCMD ["/x"]\n')

    operation, _ = build(thief)

    assert operation.error == {}


def test_an_image_that_cannot_be_had_is_said_with_its_line(thief: Service) -> None:
    dockerfile(thief, 'FROM registry.invalid/none:1\nCMD ["/x"]\n')

    operation, _ = build(thief)

    assert operation.error["dockerfile_line"] == 1
    assert "kyozo images map registry.invalid/none:1" in operation.error["fix"]
