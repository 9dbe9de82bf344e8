"""How a Python project's dependencies get into the image, one row a package manager."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from shlex import quote

from detection import values
from detection.finding import Notes
from detection.place import Place
from detection.providers.python_project import conda_requirements


@dataclass(frozen=True, slots=True)
class Install:
    """`manifests` are copied before the source, so that only they invalidate the layer."""

    command: str | None
    manifests: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def plan_install(
    place: Place,
    notes: Notes,
    *,
    manager: str | None,
    files: tuple[str, ...],
    extras: tuple[str, ...],
) -> Install:
    """`files` are the requirements files; `extras` are packages the project forgot to name."""
    added = " ".join(extras)
    if manager == "pip" and files:
        return _requirements(place, files, added)
    if manager in _LOCKED:
        return _locked(place, manager, added)
    if manager in {"pip", "uv"} and place.has("pyproject.toml"):
        return _pyproject(place, added)
    if manager == "pip":
        install = " ".join(["pip install .", *extras])
        return Install(install, (), {"tool": "pip", "needs_source": "yes"})
    return _conda(place, notes, extras) if manager == "conda" else _unpinned(added)


def _unpinned(added: str) -> Install:
    command = f"pip install {added}" if added else None
    return Install(command, (), {"tool": "pip", "unpinned": "yes"})


def _conda(place: Place, notes: Notes, extras: tuple[str, ...]) -> Install:
    """Options of the pip section stay options: each word by itself, packages as one."""
    notes.warn("conda environments are installed with pip: give a requirements.txt if that fails")
    lines = [line for line in conda_requirements(place) if line]
    words = [w for line in lines for w in (line.split() if line.startswith("-") else [line])]
    install = _unpinned(" ".join([*map(quote, words), *extras]))
    is_local = any(line.startswith(_OF_THE_SOURCE) for line in lines)
    return replace(install, facts={**install.facts, "needs_source": "yes"}) if is_local else install


# What pip reads from the folder itself.
_OF_THE_SOURCE = ("-e", "--editable", "-r", "--requirement", "-c", "--constraint", ".", "file:")


def _requirements(place: Place, files: tuple[str, ...], added: str) -> Install:
    command = f"pip install -r {files[0]}" + (f" {added}" if added else "")
    # A requirement that is a path (-e ., ./libs/x) needs the source to be there.
    lines = [line.strip() for file in files for line in (place.text(file) or "").splitlines()]
    local = any(line.startswith(("-e", "--editable", ".", "file:")) for line in lines)
    facts = {"tool": "pip", "needs_source": "yes"} if local else {"tool": "pip"}
    return Install(command, files, facts)


# Through pip, so that its settings (mirrors, certificates, hashes) hold for these projects too.
_POETRY_EXPORT = (
    "poetry export --only main --output /tmp/requirements.txt"
    " && pip install --requirement /tmp/requirements.txt"
)
_LOCKED = {
    "uv": ("uv.lock", "uv sync --frozen --no-dev --no-install-project"),
    "poetry": ("poetry.lock", _POETRY_EXPORT),
    "pdm": ("pdm.lock", "pdm sync --prod --no-self"),
    "pipenv": ("Pipfile.lock", "pipenv sync"),
}
_UNLOCKED = {
    "poetry": "poetry install --only main --no-root --no-interaction",
    "pdm": "pdm install --prod --no-self",
    "pipenv": "pipenv install --skip-lock",
}


def _locked(place: Place, manager: str, added: str) -> Install:
    lock, command = _LOCKED[manager]
    manifest = "Pipfile" if manager == "pipenv" else "pyproject.toml"
    if not place.has(lock):
        if manager == "uv":
            return _pyproject(place, added)
        command = _UNLOCKED[manager]
    manifests = tuple(name for name in (manifest, lock) if place.has(name))
    facts = {"tool": manager} | ({"extra_packages": added} if added else {})
    if manager == "poetry" and (names := _own_scripts(place)):
        facts["scripts"] = " ".join(names)
    if manager == "uv" and "[build-system]" in (place.text("pyproject.toml") or ""):
        facts["install_project"] = "yes"
    if manager == "uv" and "[tool.uv.workspace]" in (place.text("pyproject.toml") or ""):
        facts["needs_source"] = "yes"
    return Install(command, manifests, facts)


def _own_scripts(place: Place) -> list[str]:
    """Which `poetry run` finds although the project itself is not installed."""
    data = place.toml("pyproject.toml")
    project, poetry = (("project", "scripts"), ("tool", "poetry", "scripts"))
    names = {*values.table(data, *project), *values.table(data, *poetry)}
    return sorted(name for name in names if not re.search(r"\s", name))


def _pyproject(place: Place, added: str) -> Install:
    """Dependencies of a pyproject.toml without a lock: uv reads them without building anything."""
    command = "uv pip install -r pyproject.toml" + (f" {added}" if added else "")
    manifests = tuple(name for name in ("pyproject.toml", "README.md") if place.has(name))
    facts = {"tool": "uv"}
    if "[project.scripts]" in (place.text("pyproject.toml") or ""):
        facts["install_project"] = "yes"
    return Install(command, manifests, facts)
