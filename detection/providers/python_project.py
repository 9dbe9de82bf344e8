"""What a Python project's manifests say: dependencies, package manager, version."""

import re
from dataclasses import dataclass

from detection import values
from detection.finding import Notes
from detection.place import Place
from detection.versions import Asked, asked_range, clean, first_line, tool_versions

_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?")
_INCLUDE = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)")
_SETUP_NAMES = re.compile(
    r"""["']([A-Za-z0-9][A-Za-z0-9._-]*+)\s*+(?:\[[^\]"']*+\]\s*+)?(?:[<>=!~;][^"']*+)?["']"""
)
_LOCKS = (
    ("uv.lock", "uv"),
    ("poetry.lock", "poetry"),
    ("pdm.lock", "pdm"),
    ("Pipfile.lock", "pipenv"),
    ("Pipfile", "pipenv"),
)
_CONDA = ("environment.yml", "environment.yaml")
# Of conda's channels, but no packages of Python, or under another name.
_NOT_PIPS = frozenset(
    ["python", "pip", "conda", "nodejs", "cudatoolkit", "mkl", "openssl", "ca-certificates", "gcc"]
)
_CONDA_NAMES = {
    "pytorch": "torch",
    "opencv": "opencv-python-headless",
    "matplotlib-base": "matplotlib",
}


@dataclass(frozen=True, slots=True)
class Requirements:
    """Normalised distribution names, and extras written as name[extra]."""

    names: frozenset[str]
    files: tuple[str, ...]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(place: Place) -> Requirements:
    names: set[str] = set()
    files: list[str] = []
    for file in (
        "requirements.txt",
        "requirements/prod.txt",
        "requirements/production.txt",
        "requirements/base.txt",
    ):
        found = place.find(file) if "/" not in file else (file if place.has(file) else None)
        if found:
            _read_file(place, found, names, files)
            break
    for file in _conda_files(place):
        _read_file(place, file, names, [])
    for reader in (_pyproject, _pipfile, _setup, _conda):
        more = reader(place)
        names.update(name for line in more for name in _names(line))
    return Requirements(frozenset(names), tuple(files))


def _read_file(place: Place, file: str, names: set[str], files: list[str]) -> None:
    """One requirements file and those it includes, each once."""
    if file in files or len(files) > 20:
        return
    content = place.text(file)
    if content is None:
        return
    files.append(file)
    folder = file.rpartition("/")[0]
    for line in content.splitlines():
        included = _INCLUDE.match(line)
        if included and ".." not in included[1]:
            target = included[1].removeprefix("./")
            _read_file(place, f"{folder}/{target}" if folder else target, names, files)
        else:
            names.update(_names(line))


def _names(line: str) -> list[str]:
    match = _REQUIREMENT.match(line)
    if not match or "://" in line.split("@", maxsplit=1)[0]:
        return []
    name = normal(match[1])
    extras = re.findall(r"[\w.-]+", match[2] or "")
    return [name, *(f"{name}[{extra.lower()}]" for extra in extras)]


def _pyproject(place: Place) -> list[str]:
    data = place.toml("pyproject.toml") if place.has("pyproject.toml") else None
    lines = values.strings(data, "project", "dependencies")
    poetry = values.table(data, "tool", "poetry", "dependencies")
    for name, spec in poetry.items():
        extras = ",".join(values.strings(spec, "extras"))
        lines.append(f"{name}[{extras}]" if extras else name)
    return [line for line in lines if line != "python"]


def _pipfile(place: Place) -> list[str]:
    return list(values.table(place.toml("Pipfile"), "packages")) if place.has("Pipfile") else []


def _setup(place: Place) -> list[str]:
    """install_requires of setup.py and setup.cfg, read as text: running them is out of question."""
    found = re.search(r"install_requires\s*+=\s*+\[([^\]]*+)(?:\]|\Z)", place.source("setup.py"))
    lines = _SETUP_NAMES.findall(found[1]) if found else []
    declared = re.search(
        r"^install_requires\s*=(.*?)(?=^\S|\Z)", place.source("setup.cfg"), re.DOTALL | re.MULTILINE
    )
    return lines + (declared[1].split() if declared else [])


def _conda(place: Place) -> list[str]:
    return [line for line in conda_requirements(place) if not line.startswith("-")]


def _conda_files(place: Place) -> list[str]:
    """The requirements files that the pip section of an environment names."""
    named = (_INCLUDE.match(line) for line in conda_requirements(place))
    paths = (match[1].removeprefix("./") for match in named if match)
    return [path for path in paths if ".." not in path and place.has(path)]


def conda_requirements(place: Place) -> list[str]:
    """What an environment lists as pip writes it: `numpy=1.26` is any release of 1.26."""
    found: list[str] = []
    for item in _conda_items(place):
        if not isinstance(item, str):
            # An option of pip, or one package: a remark behind it is neither.
            found += [line.split(" #")[0].strip() for line in values.strings(item, "pip")]
            continue
        spec = re.fullmatch(r"(?:\S+::)?([\w.-]+)\s*([<>=!~].*)?", item.strip())
        if spec and spec[1] not in _NOT_PIPS:
            found.append(_CONDA_NAMES.get(spec[1], spec[1]) + _for_pip(spec[2] or ""))
    return found


def _for_pip(version: str) -> str:
    """`=1.26=py311_0` as `==1.26.*`; other comparisons are the same for both."""
    exact = re.fullmatch(r"={1,2}\s*([\w.]+?)(?:\.\*)?(?:=\S+)?", version.strip())
    return f"=={exact[1]}.*" if exact else version.replace(" ", "")


def _conda_items(place: Place) -> list[object]:
    file = place.find(*_CONDA)
    return values.items(place.yaml(file), "dependencies") if file else []


def pick_manager(place: Place, notes: Notes) -> str | None:
    """The lock decides; without one, the manifest; two locks are a warning."""
    locks = [(file, name) for file, name in _LOCKS if place.has(file)]
    managers = list(dict.fromkeys(name for _, name in locks))
    if len(managers) > 1:
        notes.warn(f"locks of {' and '.join(managers)}: took {managers[0]}")
    if locks:
        notes.saw("lock-file", locks[0][0], managers[0], weight=0.3)
        return managers[0]
    if place.find("requirements.txt"):
        return "pip"
    return _manifest_manager(place)


def _manifest_manager(place: Place) -> str | None:
    if place.find(*_CONDA):
        return "conda"
    if place.has("pyproject.toml"):
        tools = values.table(place.toml("pyproject.toml"), "tool")
        return next((name for name in ("poetry", "pdm", "uv") if name in tools), "pip")
    if place.find("setup.py", "setup.cfg") or place.has_folder("requirements"):
        return "pip"
    return None


def asked_versions(place: Place, notes: Notes) -> list[Asked]:
    """Precedence: what a version manager pins, then what the package manager was told."""
    asked: list[Asked] = []
    for file in (".python-version", "runtime.txt"):
        written = first_line(place.text(file)) if place.has(file) else ""
        if re.match(r"^(v?\d|python-\d)", written):
            asked += [Asked(file, version) for version in [clean(written)] if version]
    asked += [
        Asked(a.file, v, a.line)
        for a in tool_versions(notes, "python")
        for v in [clean(a.version)]
        if v
    ]
    return asked + _manifest_versions(place) + _conda_versions(place)


def _conda_versions(place: Place) -> list[Asked]:
    file = place.find(*_CONDA) or ""
    written = (item for item in _conda_items(place) if isinstance(item, str))
    found = (re.fullmatch(r"python\s*(=|==|>=)\s*([\d.]+)\S*", item.strip()) for item in written)
    return [a for m in found if m for a in asked_range(file, m[1].strip("=") + m[2], tool="python")]


def _manifest_versions(place: Place) -> list[Asked]:
    asked: list[Asked] = []
    if place.has("Pipfile"):
        requires = values.table(place.toml("Pipfile"), "requires")
        written = values.text(requires, "python_full_version") or values.text(
            requires, "python_version"
        )
        asked.append(Asked("Pipfile", written or ""))
    if place.has("pyproject.toml"):
        data = place.toml("pyproject.toml")
        written = values.text(data, "project", "requires-python")
        written = written or values.text(data, "tool", "poetry", "dependencies", "python")
        asked += asked_range("pyproject.toml", written or "", tool="python")
    return [item for item in asked if clean(item.version)]
