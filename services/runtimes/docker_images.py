"""Images on a Docker engine: looked up, listed by our label, taken away without force."""

from contextlib import suppress
from typing import Any

from services.errors import EngineNotFoundError
from services.runtimes.base import LABEL_INSTALL, EngineImage, Fence
from services.runtimes.docker_engine import Engine

NO_NAME = "<none>:<none>"


def image_id(engine: Engine, ref: str) -> str | None:
    try:
        with engine.call(f"inspect image {ref}") as client:
            image: dict[str, Any] = client.inspect_image(ref)  # type: ignore[no-untyped-call]
            return str(image["Id"])
    except EngineNotFoundError:
        return None


def volumes(engine: Engine, ref: str) -> tuple[str, ...]:
    try:
        with engine.call(f"inspect image {ref}") as client:
            image: dict[str, Any] = client.inspect_image(ref)  # type: ignore[no-untyped-call]
    except EngineNotFoundError:
        return ()
    return tuple(sorted((image.get("Config") or {}).get("Volumes") or {}))


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
