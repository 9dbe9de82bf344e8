"""The settings of a test run, set before Django reads them: `pytest -p tests.environment`."""

import os
import shutil
import tempfile

HOME = tempfile.mkdtemp(prefix="kyozo-tests-")
DEFAULTS = {
    "DJANGO_SETTINGS_MODULE": "kyozo.settings",
    "KYOZO_SECRET_KEY": "a key for tests only",
    "KYOZO_HOME": HOME,
    "KYOZO_RUNTIME": "fake",
    "KYOZO_ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "KYOZO_FOLDER_ROOTS": tempfile.gettempdir(),
    "KYOZO_LOG_LEVEL": "WARNING",
    # Places to build are shared by the processes of a state folder, and so by parallel tests.
    "KYOZO_BUILD_CONCURRENCY": "64",
    # On with PostgreSQL, where the tests of a process would share an hour's requests.
    "KYOZO_RATE_LIMITS": "false",
}
for _name, _value in DEFAULTS.items():
    os.environ.setdefault(_name, _value)


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
