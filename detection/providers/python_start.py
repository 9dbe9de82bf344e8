"""The command that starts a Python application, listening on 0.0.0.0:$PORT."""

from ast import Constant
from dataclasses import dataclass

from detection.finding import Notes
from detection.frameworks.python import PythonFramework
from detection.providers.python_debug import DEBUGGED, NO_RUN, runs, runs_when_imported

LISTEN = "0.0.0.0:$PORT"


@dataclass(frozen=True, slots=True)
class AppObject:
    """An application object: `target` is what a server loads, such as app.main:app."""

    target: str
    file: str
    line: int
    framework: PythonFramework
    is_factory: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    command: str
    extra_packages: tuple[str, ...] = ()
    port: int | None = None


def start_object(app: AppObject, installed: frozenset[str], notes: Notes) -> Start:
    """Serve an application object with the server that is installed, or with a fitting one."""
    if app.framework.interface == "asgi":
        return _asgi(app, installed, notes)
    return _wsgi(app, installed, notes)


def _asgi(app: AppObject, installed: frozenset[str], notes: Notes) -> Start:
    factory = " --factory" if app.is_factory else ""
    if "uvicorn" not in installed and "hypercorn" in installed:
        target = f"{app.target}()" if app.is_factory else app.target
        return Start(f"hypercorn {target} --bind {LISTEN}")
    command = f"uvicorn {app.target}{factory} --host 0.0.0.0 --port $PORT"
    brings_uvicorn = {
        "uvicorn",
        "litestar[standard]",
        "fastapi[standard]",
        "fastapi[all]",
        "python-fasthtml",
    }
    if brings_uvicorn & installed:
        return Start(command)
    notes.warn("no ASGI server among the requirements: uvicorn is added")
    return Start(command, ("uvicorn",))


_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - a container's own, behind the router


def runs_itself(source: str) -> bool:
    """The file's own main block serves on all addresses, on the port it is given or on its own.

    With a debugger it would let visitors run code, so then another server takes its place.
    """
    found = runs(source) if "__main__" in source else ()
    if not found or any(run.may_debug for run in found):
        return False
    given = {k.arg: k.value.value for k in found[0].call.keywords if isinstance(k.value, Constant)}
    return given.get("host") in _EVERYWHERE and ("PORT" in source or type(given.get("port")) is int)


def start_dash(app: AppObject, installed: frozenset[str], source: str) -> Start:
    """An application without a name for what serves it: by itself, or without its debugger."""
    extra = () if "waitress" in installed else ("waitress",)
    quiet = NO_RUN if runs_when_imported(source) else ""
    return Start(f"{quiet}waitress-serve --listen={LISTEN} {app.target}.server", extra)


def start_flask(target: str) -> Start:
    """Flags win over FLASK_DEBUG, wherever that is set."""
    quiet = "--no-debugger --no-reload"
    return Start(f"flask --app {target} run {quiet} --host 0.0.0.0 --port $PORT", port=5000)


def _wsgi(app: AppObject, installed: frozenset[str], notes: Notes) -> Start:
    target = f"'{app.target}()'" if app.is_factory else app.target
    has_run = app.framework.name in DEBUGGED and runs_when_imported(notes.place.source(app.file))
    quiet = NO_RUN if has_run else ""
    if "gunicorn" in installed:
        return Start(f"{quiet}gunicorn --bind {LISTEN} {target}")
    if "waitress" in installed:
        call = f"--call {app.target}" if app.is_factory else app.target
        return Start(f"{quiet}waitress-serve --listen={LISTEN} {call}")
    if app.framework.name == "flask":
        notes.warn("served by Flask's development server: add gunicorn to the requirements")
        return start_flask(app.target)
    notes.warn("no WSGI server among the requirements: gunicorn is added")
    return Start(f"{quiet}gunicorn --bind {LISTEN} {target}", ("gunicorn",))


def start_django(folder: str, module: str, installed: frozenset[str], notes: Notes) -> Start:
    """`folder` has manage.py ("" for here); `module` is the package with wsgi.py."""
    manage = f"{folder}/manage.py" if folder else "manage.py"
    migrate = f"python {manage} migrate --noinput && "
    chdir = f" --chdir {folder}" if folder else ""
    if "gunicorn" in installed:
        return Start(f"{migrate}exec gunicorn --bind {LISTEN}{chdir} {module}.wsgi:application")
    if "daphne" in installed or "uvicorn" in installed:
        return Start(f"{migrate}exec {_django_asgi(folder, module, installed)}")
    notes.warn("no WSGI server among the requirements: gunicorn is added")
    command = f"{migrate}exec gunicorn --bind {LISTEN}{chdir} {module}.wsgi:application"
    return Start(command, ("gunicorn",))


def _django_asgi(folder: str, module: str, installed: frozenset[str]) -> str:
    if "uvicorn" in installed:
        where = f" --app-dir {folder}" if folder else ""
        return f"uvicorn {module}.asgi:application{where} --host 0.0.0.0 --port $PORT"
    return f"daphne -b 0.0.0.0 -p $PORT {module}.asgi:application"
