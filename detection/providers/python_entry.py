"""Where a Python application starts: an application object, Django, or a script."""

import re
from dataclasses import dataclass, replace
from shlex import quote

from detection import values
from detection.finding import Notes, Role
from detection.frameworks.python import BARE, PythonFramework
from detection.place import Place
from detection.providers.python_debug import DEBUGGED, OFF, runs, warn_of_debugger
from detection.providers.python_files import Module, read_module
from detection.providers.python_start import (
    AppObject,
    Start,
    runs_itself,
    start_dash,
    start_django,
    start_flask,
    start_object,
)

_SCRIPTS = [
    "main.py",
    "app.py",
    "bot.py",
    "server.py",
    "run.py",
    "index.py",
    "application.py",
    "api.py",
    "wsgi.py",
    "web.py",
    "hello.py",
    "start.py",
    "worker.py",
    "streamlit_app.py",
    "src/main.py",
    "src/app.py",
    "app/main.py",
    "src/bot.py",
    "app/app.py",
    "__main__.py",
]
_PREFERRED = ("app", "application", "main", "server", "api", "wsgi", "asgi", "index")
_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE['\"]\s*,\s*['\"]([\w.]+)['\"]")
_LISTENS = re.compile(
    r"http\.server|socketserver|\.bind\(|run_app\(|\.listen\(|make_server\(|serve_forever"
    r"|launch\(|ui\.run\(|\.run\([^)]*port|uvicorn\.run|add_insecure_port"
)


@dataclass(frozen=True, slots=True)
class Entry:
    role: Role
    command: str | None = None
    file: str | None = None
    framework: PythonFramework | None = None
    extra_packages: tuple[str, ...] = ()
    default_port: int | None = None
    python_path: str | None = None
    manage: str | None = None
    settings: tuple[str, ...] = ()


def find_entry(
    place: Place,
    notes: Notes,
    files: list[str],
    *,
    known: list[PythonFramework],
    installed: frozenset[str],
) -> Entry:
    """The best start that the code allows: Django, then application objects, then a script."""
    django = next((row for row in known if row.interface == "django"), None)
    manage = [file for file in files if file.rpartition("/")[2] == "manage.py"]
    if manage and (django or "django" in read_module(place.source(manage[0])).imports):
        return _django(place, notes, files, manage[0], framework=django, installed=installed)
    command = next((row for row in known if row.interface == "command"), None)
    apps = _app_objects(place, files, known)
    if apps and not (command and command.rank > apps[0].framework.rank):
        return _object_entry(place, notes, apps[0], installed)
    return _bare_entry(place, notes, files, installed) or _script_entry(
        place, notes, files, known=known
    )


def _bare_entry(
    place: Place, notes: Notes, files: list[str], installed: frozenset[str]
) -> Entry | None:
    """A function that is an application by its arguments, without any framework."""
    for file in files:
        if "/" in file or not re.search(r"\bstart_response\b|\breceive\b", place.source(file)):
            continue
        for name, interface in read_module(place.source(file)).callables[:1]:
            target = _target(file, name)
            notes.saw("application-object", file, f"{interface} function {target}", weight=0.6)
            app = AppObject(target, file, 1, BARE[interface])
            start = start_object(app, installed, notes)
            return Entry(
                "server", start.command, file, None, start.extra_packages, BARE[interface].port
            )
    return None


def _django(
    place: Place,
    notes: Notes,
    files: list[str],
    manage: str,
    *,
    framework: PythonFramework | None,
    installed: frozenset[str],
) -> Entry:
    folder = manage.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    match = _SETTINGS.search(place.source(manage))
    settings = match[1] if match else ""
    wsgi = _wsgi_module(files, prefix, settings.split(".")[0])
    start = start_django(folder, wsgi, installed, notes)
    notes.saw("django", manage, f"Django with {wsgi}.wsgi", weight=0.5)
    settings_file = prefix + settings.replace(".", "/")
    present = tuple(f for f in (f"{settings_file}.py", f"{settings_file}/base.py") if f in files)
    return Entry(
        "server",
        start.command,
        manage,
        framework,
        start.extra_packages,
        default_port=8000,
        manage=manage,
        settings=present,
    )


def _wsgi_module(files: list[str], prefix: str, package: str) -> str:
    """The package holding wsgi.py: the one settings live in, else the only one there is."""
    found = [
        file.removeprefix(prefix).removesuffix("/wsgi.py").replace("/", ".")
        for file in files
        if file.startswith(prefix) and file.endswith("/wsgi.py")
    ]
    return package if package in found or not found else found[0]


def _app_objects(place: Place, files: list[str], known: list[PythonFramework]) -> list[AppObject]:
    """Every application object of an installed framework, the likeliest one first."""
    constructors = {name: row for row in reversed(known) for name in row.constructors}
    served = {n: row for n, row in constructors.items() if row.interface in {"asgi", "wsgi"}}
    found: list[AppObject] = []
    for file in files:
        source = place.source(file)
        if not any(name in source for name in served):
            continue
        module = read_module(source)
        found.extend(
            AppObject(
                _target(file, call.variable), file, call.line, served[call.name], call.is_factory
            )
            for call in module.calls
            if call.name in served and _imports_framework(module, served[call.name])
        )
    found.extend(_bridges(place, files, found))
    return sorted(found, key=_likelihood)


def _bridges(place: Place, files: list[str], found: list[AppObject]) -> list[AppObject]:
    """wsgi.py and asgi.py that hold `app` or `application` made by a factory elsewhere."""
    if not found or any(not app.is_factory for app in found):
        return []
    bridges: list[AppObject] = []
    for file in files:
        module = read_module(place.source(file)) if file.count("/") < 2 else Module()
        names = [name for name in ("app", "application") if name in module.assigned]
        bridges += [AppObject(_target(file, n), file, 1, found[0].framework) for n in names]
    return bridges


def _imports_framework(module: Module, row: PythonFramework) -> bool:
    names = {name.removeprefix("python-").replace("-", "_") for name in row.distributions}
    return bool(names & module.imports) or any(
        name.startswith(tuple(names)) or name.endswith(tuple(names)) for name in module.imports
    )


def _likelihood(app: AppObject) -> tuple[int, int, int, int, str]:
    """Sort key: framework, a real object before a factory, near the top, a usual name."""
    stem = app.file.rpartition("/")[2].removesuffix(".py")
    usual = _PREFERRED.index(stem) if stem in _PREFERRED else len(_PREFERRED)
    if stem == "__init__":
        usual = 1
    variable = app.target.rpartition(":")[2]
    odd = 0 if variable in {"app", "application", "server", "api"} else 3
    depth = app.file.count("/")
    return (-app.framework.rank, int(app.is_factory), depth + odd, usual, app.target)


def _target(file: str, variable: str) -> str:
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f"{module}:{variable}"


def _object_entry(place: Place, notes: Notes, app: AppObject, installed: frozenset[str]) -> Entry:
    notes.saw(
        "application-object",
        app.file,
        f"{app.framework.name} {app.target}",
        weight=0.6,
        line=app.line,
    )
    root = _import_root(place, app.file)
    if root:
        app = AppObject(
            app.target.removeprefix(f"{root}."), app.file, app.line, app.framework, app.is_factory
        )
    if app.framework.name == "dash":
        app = _dash_server(place, app)
    if app.framework.name in DEBUGGED:
        warn_of_debugger(notes, app.file)
    start = _own_start(place, app, installed) or start_object(app, installed, notes)
    return Entry(
        "server",
        start.command,
        app.file,
        app.framework,
        start.extra_packages,
        default_port=start.port or app.framework.port,
        python_path=root,
    )


def _dash_server(place: Place, app: AppObject) -> AppObject:
    """A Dash object is no WSGI application: what it serves by is, where it has a name."""
    has_name = "server" in read_module(place.source(app.file)).assigned
    return replace(app, target=f"{app.target.partition(':')[0]}:server") if has_name else app


def _own_start(place: Place, app: AppObject, installed: frozenset[str]) -> Start | None:
    """The project's own way to start: `python -m package`, or a main block that does it right."""
    folder, _, name = app.file.rpartition("/")
    source = place.source(app.file)
    has_debugger = app.framework.name in DEBUGGED
    is_safe = not (has_debugger and any(run.may_debug for run in runs(source)))
    before = OFF if app.framework.name == "flask" else ""
    if name == "__main__.py" and folder and is_safe:
        return Start(f"{before}python -m {folder.replace('/', '.')}")
    if app.framework.name == "dash" and not app.target.endswith(":server"):
        own = Start(f"HOST=0.0.0.0 python {quote(app.file)}")
        return own if is_safe else start_dash(app, installed, source)
    has_server = bool({"gunicorn", "waitress"} & installed)
    if app.framework.interface == "wsgi" and not has_server and runs_itself(source):
        return Start(f"{before}python {quote(app.file)}")
    return None


def _import_root(place: Place, file: str) -> str | None:
    """The folder a file expects to be imported from, when that is not the project's own.

    `src` without __init__.py is a root by convention; any other folder is one where the file
    imports its neighbours by their bare names.
    """
    folder = file.partition("/")[0] if "/" in file else ""
    if not folder or place.has(f"{folder}/__init__.py"):
        return None
    imports = read_module(place.source(file)).imports
    if folder in imports:
        return None
    neighbours = {n.removesuffix(".py") for n in place.index.directory(place.full(folder)).files}
    neighbours |= set(place.index.directory(place.full(folder)).walked)
    return folder if folder == "src" or neighbours & imports else None


def _script_entry(
    place: Place, notes: Notes, files: list[str], *, known: list[PythonFramework]
) -> Entry:
    framework = next((row for row in known if row.interface in {"command", "script"}), None)
    if framework is None and known:
        framework = known[0]
    file = _script(place, files, framework)
    if file is None:
        return _installed_entry(place, notes, framework)
    notes.saw("script", file, "starts here", weight=0.3)
    source = place.source(file)
    start = Start(f"python {quote(file)}")
    if framework and framework.name == "flask":
        warn_of_debugger(notes, file)
        is_safe = not any(run.may_debug for run in runs(source))
        start = Start(f"{OFF}python {quote(file)}") if is_safe else start_flask(quote(file))
    if framework and framework.command:
        start = Start(framework.command.replace("{file}", quote(file)))
    serves = framework is not None and framework.name != "celery"
    role: Role = "server" if serves or _LISTENS.search(source) else "program"
    port = framework.port if framework and serves else 8000
    return Entry(role, start.command, file, framework, default_port=port)


def _script(place: Place, files: list[str], framework: PythonFramework | None) -> str | None:
    """The script to run: one that uses the framework, a usual name, or the only runnable one."""
    present = [name for name in _SCRIPTS if name in files]
    here = place.ending(".py")
    if framework:
        marker = framework.distributions[0].removeprefix("python-").replace("-", "_")
        using = [f for f in [*present, *here] if marker in read_module(place.source(f)).imports]
        if using:
            return using[0]
    if present:
        return present[0]
    runnable = [name for name in here if read_module(place.source(name)).has_main]
    runnable = runnable or [name for name in here if name not in {"setup.py", "conftest.py"}]
    return runnable[0] if len(runnable) == 1 else None


def _installed_entry(place: Place, notes: Notes, framework: PythonFramework | None) -> Entry:
    """A console script, or a package that runs as a module; otherwise nothing starts this."""
    data = place.toml("pyproject.toml") if place.has("pyproject.toml") else None
    scripts = values.table(data, "project", "scripts") or values.table(
        data, "tool", "poetry", "scripts"
    )
    if scripts:
        name = values.text(data, "project", "name")
        command = name if name in scripts else next(iter(scripts))
        notes.saw("console-script", "pyproject.toml", f"script {command}", weight=0.3)
        return Entry("program", command, framework=framework)
    for package in place.names.walked:
        if place.has(f"{package}/__main__.py"):
            notes.saw("module", f"{package}/__main__.py", f"python -m {package}", weight=0.3)
            return Entry("program", f"python -m {package}", f"{package}/__main__.py", framework)
    return Entry("library", framework=framework)
