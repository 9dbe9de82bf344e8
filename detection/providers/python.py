"""Python: projects, application objects anywhere in the folder, scripts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from detection import signs, values
from detection.finding import Finding, Notes
from detection.frameworks.python import (
    IMPORT_TO_DISTRIBUTION,
    PYTHON_FRAMEWORKS,
    SYSTEM_PACKAGES,
    PythonFramework,
)
from detection.model import EnvironmentVariable
from detection.parsing import parse_env
from detection.place import Place
from detection.providers.python_entry import Entry, find_entry
from detection.providers.python_files import imported_names, read_module, third_party
from detection.providers.python_install import plan_install
from detection.providers.python_project import (
    asked_versions,
    pick_manager,
    read_requirements,
)
from detection.providers.uv_workspace import plan_member, uv_root
from detection.versions import pick

MANIFESTS = frozenset(
    [
        "requirements.txt",
        "pyproject.toml",
        "Pipfile",
        "setup.py",
        "setup.cfg",
        "environment.yml",
        "environment.yaml",
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
    ]
)
_MAX_FILES = 300
# Scripts that start a server for an application object of another file.
_RUNNERS = ("main.py", "run.py", "server.py", "app.py", "wsgi.py")
_WEIGHTS = {
    "requirements.txt": 0.75,
    "pyproject.toml": 0.75,
    "Pipfile": 0.8,
    "uv.lock": 0.6,
    "poetry.lock": 0.6,
    "pdm.lock": 0.6,
    "setup.py": 0.6,
    "setup.cfg": 0.4,
    "environment.yml": 0.6,
    "environment.yaml": 0.6,
    "manage.py": 0.8,
    ".python-version": 0.3,
    "runtime.txt": 0.2,
}


@dataclass(frozen=True, slots=True)
class PythonProvider:
    manifests: frozenset[str] = MANIFESTS

    def examine(self, place: Place) -> Finding | None:
        found = [name for name in _WEIGHTS if place.find(name)]
        files = list(islice(place.sources(".py", until=MANIFESTS), _MAX_FILES))
        if not _is_python(place, found, files):
            return None
        notes = Notes(place)
        for name in found:
            notes.saw(
                "manifest", place.find(name) or name, "Python manifest", weight=_WEIGHTS[name]
            )
        return _describe(place, notes, files)


def _is_python(place: Place, found: list[str], files: list[str]) -> bool:
    """A manifest, or scripts right here: deeper Python files are somebody's tools."""
    if any(name in MANIFESTS or name == "manage.py" for name in found):
        return True
    return any(place.ending(".py")) or any(file.endswith("manage.py") for file in files)


def _describe(place: Place, notes: Notes, files: list[str]) -> Finding:
    requirements = read_requirements(place)
    root = uv_root(place)
    manager = "uv" if root else pick_manager(place, notes)
    imports = _imports(place, files, exact=manager is None)
    inferred = () if manager else _infer(place, notes, imports, files)
    installed = requirements.names | frozenset(inferred)
    known = _frameworks(installed, imports)
    for name in place.ending(".py")[:3]:
        notes.saw("source", name, "Python source", weight=0.35)
    entry = find_entry(place, notes, files, known=known, installed=installed)
    framework = entry.framework
    if framework:
        notes.saw("framework", entry.file or place.path, framework.name, weight=0.6)
    extras = (*inferred, *entry.extra_packages)
    plan = plan_install(place, notes, manager=manager, files=requirements.files, extras=extras)
    declared = _name(place)
    if root and declared:
        plan = plan_member(place, root, name=declared, extras=extras) or plan
    code = [file for file in (entry.file, *entry.settings) if file]
    asked = asked_versions(place, notes) or (asked_versions(root, notes) if root else [])
    version = pick(asked, notes, tool="python")
    environment = signs.environment(notes, code)
    return Finding(
        service_type="python",
        language="python",
        role=entry.role,
        name=declared,
        language_version=version.version or None,
        minimum_version=version.minimum,
        framework=framework.name if framework else None,
        package_manager=manager or "pip",
        install_command=plan.command,
        build_command=_collect_static(place, entry, installed, environment),
        start_command=entry.command,
        port=_port(notes, entry),
        health_endpoint=signs.health_in_code(notes, code) if entry.role == "server" else None,
        environment=environment,
        dependencies=installed,
        manifest_files=plan.manifests,
        system_packages=_system_packages(installed),
        build_facts=_facts(plan.facts, entry.python_path),
        # Last: what stands above adds to them.
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
    )


def _facts(facts: Mapping[str, str], python_path: str | None) -> dict[str, str]:
    """`python_path` is where modules are imported from, below /app, when that is another folder."""
    parts = [part for part in (facts.get("workspace_path"), python_path) if part]
    return dict(facts) | ({"python_path": "/".join(parts)} if parts else {})


def _imports(place: Place, files: list[str], *, exact: bool) -> frozenset[str]:
    """What the code imports; enough files to tell, not all of a large tree.

    Requirements that are guessed from it need to be exact; a framework beside a list of them not.
    """
    found: set[str] = set()
    for file in files[:60]:
        source = place.source(file)
        found |= read_module(source).imports if exact else imported_names(source)
    return frozenset(found)


def _infer(
    place: Place, notes: Notes, imports: frozenset[str], files: list[str]
) -> tuple[str, ...]:
    """Requirements of a project that lists none, from its imports."""
    local = {file.split("/")[0].removesuffix(".py") for file in files}
    local |= {file.rpartition("/")[2].removesuffix(".py") for file in files}
    local |= set(place.names.folders)
    names = third_party(imports, frozenset(local))
    found = tuple(IMPORT_TO_DISTRIBUTION.get(n, n.replace("_", "-").lower()) for n in names)
    if found:
        notes.warn(f"no requirements file: installing {', '.join(found)}, taken from the imports")
        notes.saw("imports", ".", ", ".join(found), weight=0.2)
    return found


def _frameworks(installed: frozenset[str], imports: frozenset[str]) -> list[PythonFramework]:
    """Frameworks that are required or imported, the one that decides first."""
    found = [
        row
        for row in PYTHON_FRAMEWORKS
        if installed.intersection(row.distributions)
        or imports.intersection(d.removeprefix("python-") for d in row.distributions)
    ]
    return sorted(found, key=lambda row: -row.rank)


def _port(notes: Notes, entry: Entry) -> int | None:
    if entry.role != "server":
        return None
    flag = signs.port_in_command(entry.command)
    if flag:
        return flag
    runners = [n for n in _RUNNERS if ".run(" in notes.place.source(n)]
    for file in dict.fromkeys([*([entry.file] if entry.file else []), *runners]):
        written = signs.port_in_code(notes.place.source(file))
        if written:
            notes.saw("port-in-code", file, f"listens on {written.number}", line=written.line)
            return written.number
    return _configured_port(notes) or signs.port_in_dotenv(notes) or entry.default_port


def _configured_port(notes: Notes) -> int | None:
    """Settings of Streamlit and of Flask's command, where those are there."""
    place = notes.place
    streamlit = ".streamlit/config.toml"
    written = place.toml(streamlit) if place.has(streamlit) else None
    for file, port in (
        (streamlit, values.dig(written, "server", "port")),
        (".flaskenv", parse_env(place.source(".flaskenv")).get("FLASK_RUN_PORT")),
    ):
        found = values.number(port)
        if found:
            notes.saw("port-in-config", file, f"listens on {found}")
            return found
    return None


def _collect_static(
    place: Place,
    entry: Entry,
    installed: frozenset[str],
    environment: tuple[EnvironmentVariable, ...],
) -> str | None:
    """Django's collectstatic, where settings say the files are served from the image."""
    if not entry.manage or "whitenoise" not in installed:
        return None
    if not any(re.search(r"^STATIC_ROOT\b", place.source(f), re.MULTILINE) for f in entry.settings):
        return None
    # Settings often insist on a key, or an address, that only exists where the service runs.
    values_for_build = {"SECRET_KEY": "build", "DJANGO_SECRET_KEY": "build"}
    for variable in environment:
        # manage.py knows the settings; a stand-in for their name would hide them.
        if variable.required and variable.name != "DJANGO_SETTINGS_MODULE":
            stand_in = "sqlite:///build" if variable.name.endswith("URL") else "1"
            values_for_build.setdefault(variable.name, stand_in)
    assigned = " ".join(f"{name}={value}" for name, value in values_for_build.items())
    return f"{assigned} python {entry.manage} collectstatic --noinput"


def _system_packages(installed: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({p for name in installed for p in SYSTEM_PACKAGES.get(name, ())}))


def _name(place: Place) -> str | None:
    data = place.toml("pyproject.toml") if place.has("pyproject.toml") else None
    return values.text(data, "project", "name") or values.text(data, "tool", "poetry", "name")
