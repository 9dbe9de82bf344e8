"""What development tools forward is a hint; work that nobody takes up is a warning."""

import pytest

from tests.detection.conftest import Analyzed

EXPRESS = {
    "package.json": '{"scripts": {"start": "node a.js"}, "dependencies": {"express": "5"}}',
    "a.js": "require('express')().listen(process.env.PORT)\n",
}
DEVFILE = """components:
  - container: {endpoints: [{name: http, targetPort: 3005}, {name: debug, targetPort: 5858}]}
"""


@pytest.mark.parametrize(
    ("file", "text", "port"),
    [
        ("devfile.yaml", DEVFILE, 3005),
        (".devcontainer/devcontainer.json", '{/* x */ "forwardPorts": [3006],}', 3006),
        (".devcontainer.json", '{"forwardPorts": ["3006"]}', 3006),
        ("Tiltfile", "k8s_resource('shop', port_forwards='80:3007')\n", 3007),
        (".devcontainer.json", '{"forwardPorts": [3006, 5432]}', 3000),
    ],
)
def test_the_one_port_that_is_forwarded_is_where_it_listens(
    analyzed: Analyzed, file: str, text: str, port: int
) -> None:
    assert analyzed({**EXPRESS, file: text}).services[0].port == port


def test_what_the_code_says_stands_over_what_is_forwarded(analyzed: Analyzed) -> None:
    files = {**EXPRESS, "devfile.yaml": DEVFILE, "a.js": "app.listen(process.env.PORT || 4000)\n"}

    assert analyzed(files).services[0].port == 4000


DJANGO = {
    "requirements.txt": "django\ngunicorn\ncelery\n",
    "manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    "shop/settings.py": "",
    "shop/wsgi.py": "",
}
WARNING = (
    "celery is required, and nothing starts a worker:"
    " add `worker: celery -A PACKAGE worker` to a Procfile"
)


def test_tasks_without_a_worker_are_a_warning(analyzed: Analyzed) -> None:
    assert WARNING in analyzed(DJANGO).warnings


def test_tasks_with_a_worker_are_none(analyzed: Analyzed) -> None:
    procfile = {"Procfile": "web: gunicorn shop.wsgi\nworker: celery -A shop worker\n"}

    assert WARNING not in analyzed({**DJANGO, **procfile}).warnings
