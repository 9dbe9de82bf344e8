"""Python projects: when the project's own way to start is taken."""

import pytest

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
