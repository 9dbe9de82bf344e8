"""Python projects: when the project's own way to start is taken."""

import pytest

from detection import render_dockerfile
from detection.providers.python_debug import NO_RUN
from tests.detection.conftest import Analyzed

APP = (
    "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run({})\n"
)
SERVED = "flask --app app:app run --no-debugger --no-reload --host 0.0.0.0 --port $PORT"


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        ("host='0.0.0.0', port=8080", "FLASK_DEBUG=0 python app.py"),
        ("host='0.0.0.0', port=int(os.environ['PORT'])", "FLASK_DEBUG=0 python app.py"),
        ("host='0.0.0.0', port=8080, debug=False", "FLASK_DEBUG=0 python app.py"),
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


@pytest.mark.parametrize(
    ("source", "start"),
    [
        ("def application(environ, start_response): ...", "gunicorn --bind 0.0.0.0:$PORT {}"),
        ("async def application(scope, receive, send): ...", "uvicorn {} --host 0.0.0.0 --port"),
    ],
)
def test_a_function_can_be_the_application(analyzed: Analyzed, source: str, start: str) -> None:
    web = analyzed({"serve.py": source + "\n", "requirements.txt": ""}).services[0]

    assert (web.start_command or "").startswith(start.format("serve:application"))
    assert web.process == "web"


def test_a_conda_environment_is_installed_as_pip_writes_it(analyzed: Analyzed) -> None:
    text = """dependencies:
  - python=3.11
  - conda-forge::numpy=1.26=py311_0
  - pytorch>=2
  - pip
  - pip: [flask==3.0.3, gunicorn]
"""
    files = {"environment.yml": text, "app.py": "from flask import Flask\napp = Flask(__name__)\n"}

    web = analyzed(files).services[0]

    assert web.install_command == "pip install 'numpy==1.26.*' 'torch>=2' flask==3.0.3 gunicorn"
    assert web.language_version == "3.11"


PIP_SECTION = """dependencies:
  - python=3.11
  - pip:
    - --extra-index-url https://packages.example/simple
    - -r more.txt
    - -e .
    - flask>=3  # the newest
"""


def test_options_in_a_conda_environment_are_no_packages(analyzed: Analyzed) -> None:
    app = "from flask import Flask\napp = Flask(__name__)\n"
    files = {"environment.yml": PIP_SECTION, "more.txt": "gunicorn\n", "app.py": app}

    web = analyzed(files).services[0]

    assert web.install_command == (
        "pip install --extra-index-url https://packages.example/simple -r more.txt -e . 'flask>=3'"
    )
    assert web.start_command == "gunicorn --bind 0.0.0.0:$PORT app:app"
    assert "COPY . ." in render_dockerfile(web).dockerfile.partition("pip install")[0]


@pytest.mark.parametrize("option", ["-r ../outside.txt", "-r /etc/passwd", "-r environment.yml"])
def test_a_file_that_a_conda_environment_names_stays_inside(
    analyzed: Analyzed, option: str
) -> None:
    text = f"dependencies: [pip, {{pip: ['{option}', flask]}}]\n"
    app = "from flask import Flask\napp = Flask(__name__)\n"

    assert analyzed({"environment.yml": text, "app.py": app}).services[0].framework == "flask"


def test_settings_stay_known_while_files_are_collected(analyzed: Analyzed) -> None:
    files = {
        "requirements.txt": "django\nwhitenoise\n",
        "manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
        "shop/settings.py": "STATIC_ROOT = 'x'\nos.environ['DJANGO_SETTINGS_MODULE']\n",
        "shop/wsgi.py": "",
    }

    assert "DJANGO_SETTINGS_MODULE" not in (analyzed(files).services[0].build_command or "")


def test_gradio_is_told_to_listen_for_everybody(analyzed: Analyzed) -> None:
    source = "import gradio as gr\ngr.Interface(fn=str).launch()\n"

    web = analyzed({"requirements.txt": "gradio\n", "app.py": source}).services[0]

    last = render_dockerfile(web).dockerfile.splitlines()[-1]
    assert "exec env GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=$PORT python app.py" in last


@pytest.mark.parametrize(
    ("source", "start"),
    [
        ("server = app.server\n", f"{NO_RUN}gunicorn --bind 0.0.0.0:$PORT app:server"),
        ("", "HOST=0.0.0.0 python app.py"),
    ],
)
def test_dash_is_served_by_its_server(analyzed: Analyzed, source: str, start: str) -> None:
    app = f"from dash import Dash\napp = Dash(__name__)\n{source}app.run()\n"

    web = analyzed({"requirements.txt": "dash\ngunicorn\n", "app.py": app}).services[0]

    assert web.start_command == start


def test_the_port_of_a_database_is_not_where_an_application_listens(analyzed: Analyzed) -> None:
    source = "from flask import Flask\napp = Flask(__name__)\ndb = Redis(host='db', port=6379)\n"
    run = "app.run(host='0.0.0.0', port=8200)\n"

    web = analyzed({"requirements.txt": "flask\n", "app.py": source + run}).services[0]

    assert web.port == 8200


API = {
    "backend/main.py": "import uvicorn\nuvicorn.run('app.api:app', port=8300)\n",
    "backend/app/api.py": "from fastapi import FastAPI\napp = FastAPI()\n"
    "origins = ['http://localhost:5173', 'localhost:5173']\n",
    "backend/app/__init__.py": "",
}


def test_an_application_below_needs_no_manifest_but_a_framework(analyzed: Analyzed) -> None:
    found = analyzed(API | {"jobs/main.py": "print(1)\n", "web/index.html": ""}).services

    assert [(s.path, s.framework, s.port) for s in found] == [
        ("backend", "fastapi", 8300),
        ("web", None, 8080),
    ]


def test_beside_an_application_such_a_folder_is_a_part_of_it(analyzed: Analyzed) -> None:
    files = {"requirements.txt": "fastapi\n", "main.py": API["backend/app/api.py"]}

    assert [s.path for s in analyzed(API | files).services] == ["."]
