"""What compose mounts into a container: storage that is kept, and files of the folder itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from detection import values
from detection.compose_file import ComposeProject, ComposeService, inside
from detection.model import MountedFile, Volume
from detection.naming import service_name

# COPY would read these as patterns and variables.
_NOT_COPIED = frozenset("*?[]\\$\"'\n")


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of `volumes`. `source` is None for storage without a name."""

    source: str | None
    path: str
    mode: Literal["ro", "rw"]
    is_bind: bool


def volumes(project: ComposeProject, written: ComposeService) -> tuple[Volume, ...]:
    """Named volumes, and folders beside the compose file that are only made by the first run."""
    found: list[Volume] = []
    for mount in _mounts(project, written):
        if mount.is_bind and not _is_storage(project, written, mount):
            continue
        name = f"{written.name}{mount.path}" if mount.is_bind or not mount.source else mount.source
        found.append(Volume(service_name(name), mount.path, mount.mode))
    return tuple(found)


def files(
    project: ComposeProject, written: ComposeService, *, context: str | None
) -> tuple[MountedFile, ...]:
    """Files and folders that a container expects at a place, secrets and configs among them.

    Over what is built from `context` compose mounts its source for development: left out.
    """
    found: dict[str, MountedFile] = {}
    for mount in _mounts(project, written):
        path = _inside(written, mount) if mount.is_bind else None
        if path is None or not _is_here(project, path):
            continue
        is_folder = not project.place.index.has(path)
        if not (is_folder and context is not None and _overlap(path, context)):
            found[mount.path] = MountedFile(path, mount.path)
    for item in _given(project, written):
        found[item.path] = item
    return tuple(item for item in found.values() if _NOT_COPIED.isdisjoint(item.source + item.path))


def mounts_all(service: ComposeService) -> bool:
    """Whether a container runs the whole folder, laid over what its image was built with."""
    if service.folder != ".":
        return False
    listed = values.items(service.data, "volumes")
    sources = (
        i.partition(":")[0] if isinstance(i, str) else values.text(i, "source") for i in listed
    )
    return any(source in {".", "./", "${PWD}"} for source in sources)


def _mounts(project: ComposeProject, written: ComposeService) -> Iterator[Mount]:
    for item in values.items(written.data, "volumes"):
        if isinstance(item, Mapping):
            source, path = values.text(item, "source"), values.text(item, "target")
            is_bind = values.text(item, "type") not in {None, "volume"}
            is_read_only = values.text(item, "read_only") == "true"
        else:
            text, _ = project.expand(values.text({"volume": item}, "volume") or "")
            words = text.split(":")
            source, path = (words[0], words[1]) if len(words) > 1 else (None, words[0])
            is_bind = source is not None and (not source or source[0] in "./~")
            is_read_only = "ro" in words[2:]
        if path and path.startswith("/"):
            yield Mount(source, path, "ro" if is_read_only else "rw", is_bind)


def _inside(written: ComposeService, mount: Mount) -> str | None:
    """The source relative to the analysed folder; None for what lies outside it."""
    folder = "" if written.folder == "." else written.folder
    return inside(folder, mount.source) if mount.source else None


def _is_here(project: ComposeProject, path: str) -> bool:
    return project.place.index.has(path) or path in project.place.index.tree


def _is_storage(project: ComposeProject, written: ComposeService, mount: Mount) -> bool:
    """A folder that is not there yet: the engine makes it, and what is written into it stays."""
    path = _inside(written, mount)
    is_file = "." in mount.path.rpartition("/")[2]
    return path is not None and not is_file and not _is_here(project, path)


def _overlap(path: str, context: str) -> bool:
    one, other = ("" if folder == "." else f"{folder}/" for folder in (path, context))
    return one.startswith(other) or other.startswith(one)


def _given(project: ComposeProject, written: ComposeService) -> Iterator[MountedFile]:
    """`secrets` and `configs` of the service whose content is a file of the folder."""
    for kind, below in (("secrets", "/run/secrets/"), ("configs", "/")):
        for item in values.items(written.data, kind):
            name = item if isinstance(item, str) else values.text(item, "source")
            source = project.files.get(f"{kind}/{name}")
            target = values.text(item, "target") or name
            if source and target and project.place.index.has(source):
                path = target if target.startswith("/") else below + target
                yield MountedFile(source, path)
