"""An analysis as a compose.yaml for the whole folder, with the files its builds need beside it."""

from collections.abc import Iterable
from pathlib import PurePosixPath

import yaml

from detection.errors import NotRenderableError
from detection.images import KIND
from detection.model import (
    Analysis,
    DetectedDatabase,
    DetectedService,
    EnvironmentVariable,
    HealthCommand,
    MountedFile,
    Volume,
)
from detection.render import render_dockerfile

COMPOSE = "compose.yaml"
FOLDER = ".kyozo"
_HEAD = (
    "# What Kyozo found here, for `docker compose up --build`. Variables without a value are"
    " taken from the shell or from .env.\n"
)
# For a database that nobody declares: what to run, and what it needs to start.
_IMAGES = {
    "postgresql": "postgres:17",
    "mysql": "mysql:8.4",
    "mariadb": "mariadb:11.4",
    "sqlserver": "mcr.microsoft.com/mssql/server:2022-latest",
    "mongodb": "mongo:7",
    "redis": "redis:7",
    "valkey": "valkey/valkey:8",
    "memcached": "memcached:1.6",
    "rabbitmq": "rabbitmq:4",
    "elasticsearch": "elasticsearch:8.17.0",
    "opensearch": "opensearchproject/opensearch:2",
    "kafka": "apache/kafka:3.9.0",
    "cassandra": "cassandra:5",
    "clickhouse": "clickhouse/clickhouse-server:25.3",
    "minio": "minio/minio:latest",
    "neo4j": "neo4j:5",
}
_CHANGE_ME = "${DATABASE_CHANGE_ME:-change-me}"
_NEEDED = {
    "postgresql": {"POSTGRES_CHANGE_ME": _CHANGE_ME},
    "mysql": {"MYSQL_ROOT_CHANGE_ME": _CHANGE_ME, "MYSQL_DATABASE": "app"},
    "mariadb": {"MARIADB_ROOT_CHANGE_ME": _CHANGE_ME, "MARIADB_DATABASE": "app"},
    "sqlserver": {"MSSQL_SA_CHANGE_ME": _CHANGE_ME, "ACCEPT_EULA": "Y"},
    "neo4j": {"NEO4J_AUTH": f"neo4j/{_CHANGE_ME}"},
    "elasticsearch": {"discovery.type": "single-node", "xpack.security.enabled": "false"},
}
_USERS = {"postgresql": "postgres", "mysql": "root", "mariadb": "root", "sqlserver": "sa"}
_NAMES = {"postgresql": "postgres", "mysql": "app", "mariadb": "app"}


def compose_files(found: Analysis) -> dict[str, str]:
    """The text of each file by its path in the folder: compose.yaml first, then for the builds.

    Understood by every compose since 1.27: no `name`, no `deploy`, no Dockerfile inside.
    """
    files: dict[str, str] = {}
    services: dict[str, object] = {}
    left_out: list[str] = []
    taken: set[int] = set()
    for service in found.services:
        try:
            files |= _build_files(service)
        except NotRenderableError as exc:
            left_out.append(str(exc))
            continue
        services[service.name] = _service(service, found, taken)
    services |= {database.name: _database(database) for database in found.databases}
    volumes = _named_volumes([*found.services, *found.databases], services)
    document = {"services": services} | ({"volumes": volumes} if volumes else {})
    head = _HEAD + "".join(f"# Left out: {reason}\n" for reason in left_out)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000)
    return {COMPOSE: head + text, **files}


def _build_files(service: DetectedService) -> dict[str, str]:
    if service.image or service.dockerfile_path:
        return {}
    rendered = render_dockerfile(service)
    files = {_dockerfile(service): rendered.dockerfile, **rendered.files}
    context = PurePosixPath(service.build_context)
    return {str(context / path): text for path, text in files.items()}


def _dockerfile(service: DetectedService) -> str:
    return f"{FOLDER}/{service.name}.Dockerfile"


def _service(service: DetectedService, found: Analysis, taken: set[int]) -> dict[str, object]:
    names = {s.name for s in found.services} | {d.name for d in found.databases}
    proposed = {d.name for d in found.databases if not d.declared}
    asks = {edge.target for edge in found.edges if edge.source == service.name}
    waits = [
        n for n in dict.fromkeys([*service.depends_on, *sorted(asks & proposed)]) if n in names
    ]
    written: dict[str, object] = _source(service)
    written["entrypoint"] = [_plain(word) for word in service.entrypoint]
    written["command"] = [_plain(word) for word in service.command]
    written["environment"] = _environment(service, found)
    if service.port and service.process == "web":
        written["ports"] = [
            f"{_free(service.published_port or service.port, taken)}:{service.port}"
        ]
    written["volumes"] = _mounts(service.volumes, service.files)
    written["depends_on"] = waits
    written["healthcheck"] = _health(service.health_command)
    if service.process in {"release", "cron"}:
        # Started by hand or by a clock: `docker compose run`.
        written["profiles"] = [service.process]
    else:
        written["restart"] = "unless-stopped"
    return {key: value for key, value in written.items() if value}


def _source(service: DetectedService) -> dict[str, object]:
    if service.image:
        return {"image": _plain(service.image)}
    context = PurePosixPath(service.build_context)
    own = PurePosixPath(service.dockerfile_path or ".")
    below = own.relative_to(context) if own.is_relative_to(context) else own
    build: dict[str, object] = {
        "context": str(context) if str(context) == "." else f"./{context}",
        "dockerfile": str(below) if service.dockerfile_path else _dockerfile(service),
        "target": service.build_target,
        "args": {name: _plain(value) for name, value in service.build_args.items()},
    }
    return {"build": {key: value for key, value in build.items() if value}}


def _environment(service: DetectedService, found: Analysis) -> dict[str, str | None]:
    written = _variables(service.environment)
    for edge in found.edges:
        database = next((d for d in found.databases if d.name == edge.target), None)
        if edge.source == service.name and database and not database.declared:
            row = KIND.get(database.kind)
            name = edge.evidence[0].detail.split(" ")[0] if edge.evidence else ""
            if row and name in written and name.endswith(("URL", "URI", "DSN")):
                written[name] = _address(database)
    if service.port and not (service.image or service.dockerfile_path):
        written["PORT"] = str(service.port)
    return written


def _variables(variables: Iterable[EnvironmentVariable]) -> dict[str, str | None]:
    """Without a value a variable comes from the shell that runs compose."""
    return {v.name: None if v.default is None else _plain(v.default) for v in variables}


def _address(database: DetectedDatabase) -> str:
    row = KIND[database.kind]
    user = _USERS.get(database.kind)
    who = f"{user}:{_CHANGE_ME}@" if user else ""
    name = _NAMES.get(database.kind, "")
    scheme = row.schemes[-1] if database.kind == "postgresql" else (row.schemes or ("tcp",))[0]
    return f"{scheme}://{who}{database.name}:{database.port}" + (f"/{name}" if name else "")


def _database(database: DetectedDatabase) -> dict[str, object]:
    needed = {} if database.declared else _NEEDED.get(database.kind, {})
    written: dict[str, object] = {
        "image": _plain(database.image or _IMAGES.get(database.kind, database.kind)),
        "command": [_plain(word) for word in database.command],
        "environment": _variables(database.environment) | needed,
        "volumes": _mounts(database.volumes, database.files),
        "healthcheck": _health(database.health_command),
        "restart": "unless-stopped",
    }
    return {key: value for key, value in written.items() if value}


def _mounts(volumes: tuple[Volume, ...], files: tuple[MountedFile, ...]) -> list[str]:
    kept = [f"{v.name}:{v.path}" + (":ro" if v.mode == "ro" else "") for v in volumes]
    return kept + [f"./{file.source}:{file.path}:ro" for file in files]


def _named_volumes(
    rows: list[DetectedService | DetectedDatabase], services: dict[str, object]
) -> dict[str, None]:
    return {volume.name: None for row in rows if row.name in services for volume in row.volumes}


def _health(check: HealthCommand | None) -> dict[str, object]:
    if check is None:
        return {}
    times = {
        "interval": check.interval_s,
        "timeout": check.timeout_s,
        "start_period": check.start_period_s,
    }
    written: dict[str, object] = {"test": [_plain(word) for word in check.test]}
    written |= {name: f"{seconds:g}s" for name, seconds in times.items() if seconds}
    return written | ({"retries": check.retries} if check.retries else {})


def _free(port: int, taken: set[int]) -> int:
    """The port on the host: the next one where two services listen on the same."""
    while port in taken:
        port += 1
    taken.add(port)
    return port


def _plain(text: str) -> str:
    """A dollar sign that compose leaves alone."""
    return text.replace("$", "$$")
