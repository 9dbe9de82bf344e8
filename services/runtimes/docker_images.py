"""Images on a Docker engine: looked up, listed by our label, named, taken away without force."""

import re
from contextlib import suppress
from typing import Any

from services.errors import EngineNotFoundError
from services.runtimes.base import LABEL_INSTALL, EngineImage, Fence
from services.runtimes.docker_engine import Engine

NO_NAME = "<none>:<none>"
ID = re.compile(r"sha256:[0-9a-f]{64}")


def image_id(engine: Engine, ref: str) -> str | None:
    found = _inspect(engine, ref)
    return str(found["Id"]) if found else None


def image(engine: Engine, ref: str) -> EngineImage | None:
    found = _inspect(engine, ref)
    if found is None:
        return None
    config = found.get("Config") or {}
    return EngineImage(
        engine_id=found["Id"],
        refs=tuple(found.get("RepoTags") or ()),
        size_bytes=found["Size"],
        labels=config.get("Labels") or {},
        platform=f"{found['Os']}/{found['Architecture']}",
        triggers=tuple(config.get("OnBuild") or ()),
    )


def present(engine: Engine, ref: str) -> EngineImage:
    """The image that a container is to be made of."""
    found = image(engine, ref)
    if found is None:
        message = f"The container engine has no such image: {ref}"
        raise EngineNotFoundError(
            message,
            code="engine.image_missing",
            fix="Deploy again so that the image is built, or pull it.",
        )
    return found


def volumes(engine: Engine, ref: str) -> tuple[str, ...]:
    found = _inspect(engine, ref) or {}
    return tuple(sorted((found.get("Config") or {}).get("Volumes") or {}))


def _inspect(engine: Engine, ref: str) -> dict[str, Any] | None:
    name = _unmistakable(ref)
    if name is None:
        return None
    try:
        with engine.call(f"inspect image {ref}") as client:
            found: dict[str, Any] = client.inspect_image(name)  # type: ignore[no-untyped-call]
            return found
    except EngineNotFoundError:
        return None


def _unmistakable(ref: str) -> str | None:
    """A word alone may be the beginning of somebody's id to the engine, so it is written out. Dots
    would lead elsewhere on the engine: the client leaves them in the address as they are."""
    if ID.fullmatch(ref):
        return ref
    if any(part.strip(".") == "" for part in ref.split("/")):
        return None
    return ref if "/" in ref else f"docker.io/library/{ref}"


def labelled(engine: Engine, *, install: str) -> list[EngineImage]:
    with engine.call("list images") as client:
        rows: list[dict[str, Any]] = client.images(
            filters={"label": [f"{LABEL_INSTALL}={install}"]}
        )
    return [
        EngineImage(
            engine_id=row["Id"],
            refs=tuple(ref for ref in row.get("RepoTags") or () if ref != NO_NAME),
            size_bytes=row["Size"],
            labels=row.get("Labels") or {},
        )
        for row in rows
    ]


def names(engine: Engine, repository: str) -> list[str]:
    with engine.call("list images") as client:
        rows: list[dict[str, Any]] = client.images(filters={"reference": [f"{repository}:*"]})
    # Some engines give all names of an image that has one of these.
    found = {ref for row in rows for ref in row.get("RepoTags") or ()}
    return sorted(ref for ref in found if ref.startswith(f"{repository}:"))


def tag(engine: Engine, engine_id: str, name: str) -> None:
    repository, _, version = name.rpartition(":")
    with engine.call(f"tag image {name}") as client:
        client.tag(engine_id, repository, tag=version)


def remove(engine: Engine, name: str, *, engine_id: str, fence: Fence) -> None:
    """Asked again first: a name can be given to another image at any time."""
    fence.check()
    if image_id(engine, name) != engine_id:
        return
    with suppress(EngineNotFoundError), engine.call(f"remove image {name}") as client:
        client.remove_image(name)


def trim_build_cache(engine: Engine, *, keep_bytes: int) -> int:
    with engine.call("trim the build cache") as client:
        answer: dict[str, Any] = client.prune_builds(keep_storage=keep_bytes, all=True)
    return int(answer.get("SpaceReclaimed") or 0)
