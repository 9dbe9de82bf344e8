"""Checks of the container engine: does it answer, can it build, does it reach a registry."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx

from kyozo import env
from kyozo.cli.findings import Finding, fail, ok, warn
from kyozo.machine.engine import EngineAddress, find_engine, ping
from kyozo.machine.errors import MachineError
from kyozo.platform.state import StateDir
from services.builds.base_images.tools import TOOLS
from services.builds.client import ClientMissingError, find_client
from services.runtimes.base import Disk

FIRST_BUILDKIT_API = (1, 39)
ASK_S = 10
CLOCK_MARGIN_S = 5


def run(_state: StateDir) -> Iterator[Finding]:
    if env.text("KYOZO_RUNTIME") == "fake":
        yield warn("engine", "KYOZO_RUNTIME=fake: nothing really runs", "unset KYOZO_RUNTIME")
        return
    try:
        engine = _engine()
    except MachineError as exc:
        yield fail("engine", exc.message, exc.fix)
        return
    if engine is None:
        yield fail(
            "engine",
            "there is none",
            "`kyozo deploy` as root installs one, or: apt-get install docker.io",
        )
        return
    yield ok("engine", f"Docker {engine.version} at {engine.url} (from {engine.source})")
    yield _builder()
    yield _buildkit(engine)
    yield _caps(engine)
    yield from _asked(engine)


def _engine() -> EngineAddress | None:
    if url := env.text("KYOZO_ENGINE_URL"):
        return ping(url, "KYOZO_ENGINE_URL")
    return find_engine(os.environ)


def _builder() -> Finding:
    try:
        client = find_client(os.environ)
    except ClientMissingError as exc:
        return fail("builder", exc.message, exc.fix)
    return ok("builder", f"{client.path} {client.version} ({client.kind})")


def _buildkit(engine: EngineAddress) -> Finding:
    parts = engine.api_version.split(".")
    known = tuple(int(part) for part in parts if part.isdecimal())
    if known and known < FIRST_BUILDKIT_API:
        return fail("buildkit", f"API {engine.api_version} has none", "update the Docker engine")
    return ok("buildkit", f"in the engine (API {engine.api_version or 'unknown'})")


def _caps(engine: EngineAddress) -> Finding:
    if engine.is_local and os.geteuid() == 0:
        return ok("build caps", "builds get a memory and a processor limit")
    return warn(
        "build caps",
        "builds are not limited: that needs root on the engine's own machine",
        "run the platform as root there, or limit the engine itself",
    )


def _asked(engine: EngineAddress) -> Iterator[Finding]:
    """What only the engine itself can tell."""
    with _client(engine) as client:
        yield _clock(client)
        if engine.is_local:
            yield _disk(client)
        yield _registry(client)


def _client(engine: EngineAddress) -> httpx.Client:
    if engine.is_local:
        transport = httpx.HTTPTransport(uds=engine.url.removeprefix("unix://"))
        return httpx.Client(transport=transport, base_url="http://engine", timeout=ASK_S)
    return httpx.Client(base_url=engine.url.replace("tcp://", "http://"), timeout=ASK_S)


def _clock(client: httpx.Client) -> Finding:
    try:
        text = str(client.get("/info").json()["SystemTime"])
        theirs = datetime.fromisoformat(f"{text[:19]}+00:00") if "Z" in text else _moment(text)
    except (httpx.HTTPError, KeyError, ValueError):
        return warn("clock", "the engine does not say its time")
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart > CLOCK_MARGIN_S:
        return warn("clock", f"{apart:.0f} s apart from the engine's", "synchronise both (NTP)")
    return ok("clock", "agrees with the engine's")


def _disk(client: httpx.Client) -> Finding:
    """The limits are the platform's own: from one it cleans up, from the other it refuses."""
    try:
        root = str(client.get("/info").json()["DockerRootDir"])
        use = shutil.disk_usage(root)
    except (httpx.HTTPError, KeyError, ValueError, OSError):
        return warn("engine disk", "the engine does not say where it keeps its data")
    disk = Disk(root, used_bytes=use.used, free_bytes=use.free)
    full = env.number("KYOZO_DISK_FULL_PERCENT", 90)
    filling = env.number("KYOZO_DISK_CLEAN_PERCENT", 80)
    free_mb = env.integer("KYOZO_DISK_FREE_MB", 2048)
    fix = "see what `kyozo clean --dry-run` would remove"
    if disk.is_beyond(percent=full, free_mb=free_mb):
        return fail("engine disk", f"{disk}: no build begins", fix)
    if disk.is_beyond(percent=filling, free_mb=2 * free_mb):
        return warn("engine disk", f"{disk}: above {full:g} % no build begins", fix)
    return ok("engine disk", str(disk))


def _moment(text: str) -> datetime:
    """The engine writes nanoseconds, which Python does not read."""
    return datetime.fromisoformat(f"{text[:19]}{text[-6:]}")


def _registry(client: httpx.Client) -> Finding:
    """Asked through the engine, because that is who would have to pull."""
    mirror = env.text("KYOZO_IMAGE_MIRROR")
    first = TOOLS["debian"]
    name = first.pattern.replace("{version}", first.offers[0].version)
    ref = f"{mirror.rstrip('/')}/library/{name}" if mirror else name
    try:
        answer = client.get(f"/distribution/{ref}/json")
    except httpx.HTTPError:
        answer = None
    if answer is not None and answer.status_code in {200, 401, 403, 404}:
        return ok("registry", "answers; base images are pulled")
    return warn(
        "registry",
        "no image registry answers; base images are made on this machine",
        "nothing, if that is as it should be; else check proxy and DNS, or set KYOZO_IMAGE_MIRROR",
    )
