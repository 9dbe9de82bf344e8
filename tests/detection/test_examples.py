"""Each example folder gives exactly the plan and the Dockerfile beside it."""

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from detection import NotRenderableError, render_dockerfile
from tests.detection import golden

ROOT = Path(__file__).parents[2]
HADOLINT = Path(sysconfig.get_path("scripts")) / "hadolint"


@pytest.mark.parametrize("name", golden.names())
def test_the_plan_is_the_expected_one(name: str) -> None:
    expected = (golden.EXAMPLES / name / "plan.json").read_text()

    assert json.loads(golden.plan_of(golden.analysis_of(name))) == json.loads(expected)


@pytest.mark.parametrize("name", golden.names())
def test_the_dockerfile_is_the_expected_one(name: str) -> None:
    expected = (golden.EXAMPLES / name / "Dockerfile.expected").read_text()

    assert golden.dockerfiles_of(golden.analysis_of(name)) == expected


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("dockerfiles")
    written: list[Path] = []
    for name in golden.names():
        for service in golden.analysis_of(name).services:
            path = folder / f"{name}-{service.name}.Dockerfile"
            try:
                path.write_text(render_dockerfile(service).dockerfile)
            except NotRenderableError:
                continue
            written.append(path)
    return written


def test_every_rendered_dockerfile_is_clean(rendered: list[Path]) -> None:
    config = str(ROOT / ".hadolint.yaml")
    command = [str(HADOLINT), "--no-color", "--config", config, *map(str, rendered)]

    linted = subprocess.run(command, capture_output=True, text=True, check=False)

    assert linted.stdout + linted.stderr == ""
    assert shutil.which(HADOLINT)


# The oldest supported BuildKit knows none of these.
@pytest.mark.parametrize("construct", ["# syntax", "<<", "COPY --link", "--network", "ADD "])
def test_no_dockerfile_needs_a_newer_frontend(rendered: list[Path], construct: str) -> None:
    assert [path.name for path in rendered if construct in path.read_text()] == []


def test_everything_rendered_runs_as_a_numeric_user(rendered: list[Path]) -> None:
    users = [
        [line for line in path.read_text().splitlines() if line.startswith("USER ")]
        for path in rendered
    ]

    assert users == [["USER 10001:10001"]] * len(rendered)
