"""Python projects: when the project's own way to start is taken."""

import pytest

from detection import render_dockerfile
from tests.detection.conftest import Analyzed

APP = (
    "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run({})\n"
)
SERVED = "flask --app app:app run --host 0.0.0.0 --port $PORT"


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        ("host='0.0.0.0', port=8080", "python app.py"),
        ("host='0.0.0.0', port=int(os.environ['PORT'])", "python app.py"),
        ("port=8080", SERVED),
        ("host='0.0.0.0'", SERVED),
        ("host='0.0.0.0', port=8080, debug=True", SERVED),
    ],
)
def test_a_main_block_is_run_where_it_serves_everybody_safely(
    analyzed: Analyzed, arguments: str, start: str
) -> None:
    files = {"app.py": APP.format(arguments), "requirements.txt": "flask\n"}

    assert analyzed(files).services[0].start_command == start


MEMBER = '[project]\nname = "{}"\ndependencies = [{}]\n'
UV = {
    "pyproject.toml": '[tool.uv.workspace]\nmembers = ["services/*", "libs/*"]\n',
    "uv.lock": "",
    ".python-version": "3.12\n",
    "services/api/pyproject.toml": MEMBER.format("api", '"fastapi", "core"'),
    "services/api/src/api/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
    "services/api/src/api/__init__.py": "",
    "services/mailer/pyproject.toml": MEMBER.format("mailer", '"core"')
    + '[project.scripts]\nmailer = "mailer:main"\n',
    "libs/core/pyproject.toml": MEMBER.format("core", ""),
    "libs/core/src/core/__init__.py": "",
}


def test_members_of_a_uv_workspace_are_installed_from_its_root(analyzed: Analyzed) -> None:
    found = analyzed(UV).services

    assert [(s.name, s.language_version, s.build_context) for s in found] == [
        ("api", "3.12", "."),
        ("mailer", "3.12", "."),
    ]
    text = render_dockerfile(found[0]).dockerfile
    assert "uv sync --frozen --no-dev --package api\n" in text
    assert "PYTHONPATH=/app/services/api/src\n" in text
    assert "COPY --chown=10001:10001 . .\nWORKDIR /app/services/api\n" in text


def test_a_member_with_a_name_that_is_none_is_installed_by_itself(analyzed: Analyzed) -> None:
    odd = UV | {"services/api/pyproject.toml": MEMBER.format("a; b", '"fastapi"')}

    assert "--package" not in (analyzed(odd).services[0].install_command or "")
