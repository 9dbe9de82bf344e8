"""Flask's debugger runs what a visitor types: whatever asks for it, production has none."""

import pytest

from tests.detection.conftest import Analyzed

MADE = "from flask import Flask\napp = Flask(__name__)\n"
MAIN = MADE + "if __name__ == '__main__':\n    app.run({})\n"
EVERYWHERE = "host='0.0.0.0', port=8080"
SERVED = "flask --app app:app run --no-debugger --no-reload --host 0.0.0.0 --port $PORT"
GUNICORN = "gunicorn --bind 0.0.0.0:$PORT app:app"


@pytest.mark.parametrize(
    "asked",
    [
        "debug=True",
        "debug=1",
        "use_debugger=True",
        "debug=os.environ.get('DEBUG')",
        "**options",
        "use_evalex=True",
    ],
)
def test_a_main_block_that_may_debug_is_not_run(analyzed: Analyzed, asked: str) -> None:
    found = analyzed({"app.py": MAIN.format(f"{EVERYWHERE}, {asked}"), "requirements.txt": "flask"})

    assert found.services[0].start_command == SERVED
    assert any("app.py:4 asks for Flask's debugger" in warning for warning in found.warnings)


@pytest.mark.parametrize("given", ["'0.0.0.0', 8080, True", "*arguments"])
def test_the_debugger_by_its_place_among_the_arguments(analyzed: Analyzed, given: str) -> None:
    found = analyzed({"app.py": MAIN.format(given), "requirements.txt": "flask"})

    assert found.services[0].start_command == SERVED


@pytest.mark.parametrize("line", ["app.debug = True", "app.config['DEBUG'] = True"])
def test_what_code_sets_is_overruled_by_the_environment(analyzed: Analyzed, line: str) -> None:
    source = MADE + f"{line}\nif __name__ == '__main__':\n    app.run({EVERYWHERE})\n"
    found = analyzed({"app.py": source, "requirements.txt": "flask"})

    assert found.services[0].start_command == "FLASK_DEBUG=0 python app.py"
    assert any("app.py:3 asks for Flask's debugger" in warning for warning in found.warnings)


@pytest.mark.parametrize("name", [".env", ".flaskenv"])
@pytest.mark.parametrize(
    "line", ["FLASK_DEBUG=1", "export FLASK_DEBUG='true'", "FLASK_ENV=development"]
)
def test_what_a_file_of_variables_sets_is_overruled_by_flags(
    analyzed: Analyzed, name: str, line: str
) -> None:
    found = analyzed({"app.py": MADE, "requirements.txt": "flask", name: f"{line}\n"})

    assert found.services[0].start_command == SERVED
    assert any(f"{name} asks for Flask's debugger" in warning for warning in found.warnings)


@pytest.mark.parametrize("line", ["FLASK_DEBUG=0", "FLASK_DEBUG=", "FLASK_DEBUG=false", "A=1"])
def test_a_debugger_that_is_off_is_no_warning(analyzed: Analyzed, line: str) -> None:
    found = analyzed({"app.py": MADE, "requirements.txt": "flask", ".env": f"{line}\n"})

    assert not any("debugger" in warning for warning in found.warnings)


def test_a_server_that_imports_the_module_does_not_come_by_its_run(analyzed: Analyzed) -> None:
    source = MADE + f"app.run({EVERYWHERE}, debug=True)\n"
    found = analyzed({"app.py": source, "requirements.txt": "flask\ngunicorn\n"})

    assert found.services[0].start_command == f"FLASK_RUN_FROM_CLI=true {GUNICORN}"


def test_a_guarded_run_is_nothing_to_such_a_server(analyzed: Analyzed) -> None:
    found = analyzed({"app.py": MAIN.format("debug=True"), "requirements.txt": "flask\ngunicorn\n"})

    assert found.services[0].start_command == GUNICORN


def test_a_package_that_runs_as_a_module_is_served_instead(analyzed: Analyzed) -> None:
    files = {"shop/__init__.py": "", "requirements.txt": "flask"}
    own = analyzed({**files, "shop/__main__.py": MADE + f"app.run({EVERYWHERE})\n"})
    assert own.services[0].start_command == "FLASK_DEBUG=0 python -m shop"

    served = analyzed({**files, "shop/__main__.py": MADE + f"app.run({EVERYWHERE}, debug=True)\n"})
    assert served.services[0].start_command == SERVED.replace("app:app", "shop.__main__:app")


def test_a_script_without_an_object_of_its_own_is_served_by_flask(analyzed: Analyzed) -> None:
    source = "import flask, made\nif __name__ == '__main__':\n    made.make().run(debug=True)\n"
    found = analyzed({"run.py": source, "requirements.txt": "flask"})

    assert found.services[0].start_command == SERVED.replace("app:app", "run.py")


def test_dash_with_its_tools_is_served_without_them(analyzed: Analyzed) -> None:
    source = "from dash import Dash\napp = Dash(__name__)\nif __name__ == '__main__':\n"
    found = analyzed({"app.py": f"{source}    app.run(debug=True)\n", "requirements.txt": "dash"})

    assert found.services[0].start_command == (
        "waitress-serve --listen=0.0.0.0:$PORT app:app.server"
    )
    assert "waitress" in (found.services[0].install_command or "")


@pytest.mark.parametrize("call", ["app.run_server(debug=True)", "app.run_server(debug = 1)"])
def test_the_older_name_of_dashs_run_is_known(analyzed: Analyzed, call: str) -> None:
    source = (
        f"from dash import Dash\napp = Dash(__name__)\nif __name__ == '__main__':\n    {call}\n"
    )

    found = analyzed({"app.py": source, "requirements.txt": "dash"})

    assert found.services[0].start_command == "waitress-serve --listen=0.0.0.0:$PORT app:app.server"
    assert any("app.py:4 asks for Flask's debugger" in warning for warning in found.warnings)


@pytest.mark.parametrize("name", ["run", "run_server"])
@pytest.mark.parametrize(
    ("server", "requirements", "command"),
    [
        ("", "dash", "waitress-serve --listen=0.0.0.0:$PORT app:app.server"),
        ("server = app.server\n", "dash\ngunicorn", "gunicorn --bind 0.0.0.0:$PORT app:server"),
    ],
)
def test_dash_that_runs_when_imported_does_not(
    analyzed: Analyzed, name: str, server: str, requirements: str, command: str
) -> None:
    source = f"from dash import Dash\napp = Dash(__name__)\n{server}app.{name}(debug=True)\n"

    found = analyzed({"app.py": source, "requirements.txt": requirements})

    assert found.services[0].start_command == f"FLASK_RUN_FROM_CLI=true {command}"
