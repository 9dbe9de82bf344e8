"""`poetry run` and its like in an image that has the environment on PATH."""

from collections.abc import Callable
from pathlib import Path

import pytest

from detection import analyze, render_dockerfile
from detection.runners import is_called, without_runner

Folder = Callable[[dict[str, str]], Path]
APP = "from flask import Flask\napp = Flask(__name__)\n"
POETRY = '[tool.poetry]\nname = "x"\nversion = "1"\n[tool.poetry.dependencies]\nflask = "*"\n'
UV = '[project]\nname = "x"\nversion = "1"\ndependencies = ["flask"]\n'
PIPFILE = '[packages]\nflask = "*"\ngunicorn = "*"\n[scripts]\nserve = "gunicorn app:app"\n'


@pytest.mark.parametrize(
    ("command", "plain"),
    [
        ("poetry run gunicorn app:app", "gunicorn app:app"),
        ("uv run gunicorn app:app", "gunicorn app:app"),
        ("uv run main.py --port 1", "python main.py --port 1"),
        ("poetry  run  python -m x && uv run x", "python -m x && x"),
        ("poetry run python manage.py migrate; poetry run gunicorn x", None),
        ("poetry run own", "poetry run own"),
        ("uv run --frozen gunicorn x", "uv run --frozen gunicorn x"),
        ("pipenv run serve", "pipenv run serve"),
        ("pdm run serve", "pdm run serve"),
        ("gunicorn uv run", "gunicorn uv run"),
    ],
)
def test_what_runs_in_the_environment_is_said_plainly(command: str, plain: str | None) -> None:
    wanted = "python manage.py migrate; gunicorn x" if plain is None else plain

    assert without_runner(command, scripts=["own"]) == wanted


@pytest.mark.parametrize(
    ("command", "called"),
    [
        ("uv run --frozen x", True),
        ("x && uv sync", True),
        ("gunicorn uvapp:uv", False),
        ("", False),
    ],
)
def test_whether_the_installer_is_asked_for(command: str, called: bool) -> None:
    assert is_called("uv", [command]) is called


def dockerfile(root: Path) -> str:
    [service] = analyze(root).services
    return render_dockerfile(service).dockerfile


@pytest.mark.parametrize(
    ("manifest", "text", "lock", "start"),
    [
        ("pyproject.toml", POETRY, "poetry.lock", "poetry run gunicorn app:app"),
        ("pyproject.toml", UV, "uv.lock", "uv run gunicorn app:app"),
    ],
)
def test_an_image_without_the_installer_does_not_start_it(
    folder: Folder, manifest: str, text: str, lock: str, start: str
) -> None:
    files = {manifest: text, lock: "", "app.py": APP, "Procfile": f"web: {start}\n"}

    stages = dockerfile(folder(files)).split("FROM ")

    assert 'CMD ["gunicorn", "app:app"]' in stages[-1]
    assert "/opt/poetry" not in stages[-1]
    assert "/opt/uv" not in stages[-1]


@pytest.mark.parametrize(
    ("manifest", "text", "lock", "start", "tool"),
    [
        ("Pipfile", PIPFILE, "Pipfile.lock", "pipenv run serve", "pipenv"),
        ("pyproject.toml", UV, "uv.lock", "uv run --frozen gunicorn app:app", "uv"),
        (
            "pyproject.toml",
            f'{POETRY}[tool.poetry.scripts]\nserve = "app:main"\n',
            "poetry.lock",
            "poetry run serve",
            "poetry",
        ),
    ],
)
def test_an_installer_that_is_needed_comes_along(
    folder: Folder, manifest: str, text: str, lock: str, start: str, tool: str
) -> None:
    files = {manifest: text, lock: "", "app.py": APP, "Procfile": f"web: {start}\n"}

    last = dockerfile(folder(files)).split("FROM ")[-1]

    assert f"COPY --from=build /opt/{tool} /opt/{tool}" in last
    assert f'PATH="/opt/venv/bin:/opt/{tool}/bin:$PATH"' in last
    assert "VIRTUAL_ENV=/opt/venv" in last
    assert f'CMD ["{tool}", "run",' in last
