"""What files for other hosting platforms say: how a service is built, started, asked, stopped."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from detection import values
from detection.compose_file import inside
from detection.hosting_said import Said
from detection.model import DetectedService, Evidence
from detection.place import Place
from detection.programs import fitted
from detection.skaffold import built_images

Reader = Callable[[str, object], list[Said]]


def _fly(file: str, data: object) -> list[Said]:
    """Fly gives no $PORT: the internal port is where the application listens by itself."""
    services = [values.table(data, "http_service"), *values.items(data, "services")]
    ports = (values.number(values.dig(service, "internal_port")) for service in services)
    port = next((port for port in ports if port), None)
    checks = values.items(services[0], "checks")
    health = next((path for check in checks if (path := values.text(check, "path"))), None)
    said = Said(file, port=port, health=health)
    processes = {
        name: command
        for name in values.table(data, "processes")
        if (command := values.text(data, "processes", name))
    }
    release = values.text(data, "deploy", "release_command")
    found = [
        replace(said, process="web" if name in {"app", "web"} else name, start=command)
        for name, command in processes.items()
    ] or [said]
    return found + ([Said(file, process="release", start=release)] if release else [])


def _railway(file: str, data: object) -> list[Said]:
    deploy = values.table(data, "deploy")
    process = "cron" if values.text(deploy, "cronSchedule") else "web"
    return [
        Said(
            file,
            process=process,
            start=values.text(deploy, "startCommand"),
            build=values.text(data, "build", "buildCommand"),
            health=values.text(deploy, "healthcheckPath"),
        )
    ]


def _nixpacks(file: str, data: object) -> list[Said]:
    """Its own files under /assets are not here, so what needs them is not taken over."""
    commands = [c for c in values.strings(data, "phases", "build", "cmds") if c != "..."]
    start = values.text(data, "start", "cmd")
    if any("/assets/" in command for command in (*commands, start or "")):
        return []
    return [Said(file, start=start, build=" && ".join(commands) or None)]


def _railpack(file: str, data: object) -> list[Said]:
    commands = values.items(data, "steps", "build", "commands")
    written = [c if isinstance(c, str) else values.text(c, "cmd") for c in commands]
    build = " && ".join(c for c in written if c and c != "...")
    whole = build if "..." not in written else ""
    return [Said(file, start=values.text(data, "deploy", "startCommand"), build=whole or None)]


def _app_engine(file: str, data: object) -> list[Said]:
    if values.text(data, "runtime") is None:
        return []
    health = values.text(data, "readiness_check", "path")
    return [Said(file, start=values.text(data, "entrypoint"), health=health)]


def _app_json(file: str, data: object) -> list[Said]:
    """Heroku's and Dokku's; Expo keeps its own settings under the same name."""
    checks = values.items(data, "healthchecks", "web")
    paths = (values.text(check, "path") for check in checks)
    return [Said(file, health=next((path for path in paths if path), None))]


def _netlify(file: str, data: object) -> list[Said]:
    build = values.table(data, "build")
    return [
        Said(
            file,
            path=values.text(build, "base") or ".",
            build=values.text(build, "command"),
            output=values.text(build, "publish"),
        )
    ]


def _vercel(file: str, data: object) -> list[Said]:
    return [
        Said(
            file,
            build=values.text(data, "buildCommand"),
            output=values.text(data, "outputDirectory"),
        )
    ]


def _heroku(file: str, data: object) -> list[Said]:
    run = values.table(data, "run")
    written = {name: values.text(run, name) or values.text(run, name, "command") for name in run}
    found = [Said(file, process=name, start=start) for name, start in written.items() if start]
    release = values.strings(data, "release", "command")
    return found + ([Said(file, process="release", start=" && ".join(release))] if release else [])


def _render(file: str, data: object) -> list[Said]:
    return [
        Said(
            file,
            name=values.text(row, "name"),
            path=values.text(row, "rootDir") or ".",
            process=_RENDER_PROCESSES.get(values.text(row, "type") or "", "web"),
            start=values.text(row, "startCommand"),
            build=values.text(row, "buildCommand"),
            output=values.text(row, "staticPublishPath"),
            health=values.text(row, "healthCheckPath"),
        )
        for row in values.items(data, "services")
        if values.text(row, "type") not in {"redis", "keyvalue"}
    ]


_RENDER_PROCESSES = {"worker": "worker", "cron": "cron"}


def _digital_ocean(file: str, data: object) -> list[Said]:
    kinds = (("services", "web"), ("static_sites", "web"), ("workers", "worker"), ("jobs", "cron"))
    data = values.dig(data, "spec") or data
    found = [
        Said(
            file,
            name=values.text(row, "name"),
            path=values.text(row, "source_dir") or ".",
            process="release" if values.text(row, "kind") == "PRE_DEPLOY" else process,
            start=values.text(row, "run_command"),
            build=values.text(row, "build_command"),
            output=values.text(row, "output_dir"),
            port=values.number(values.dig(row, "http_port")),
            health=values.text(row, "health_check", "http_path"),
        )
        for key, process in kinds
        for row in values.items(data, key)
    ]
    # The files of an application, listed again as a site, are what its server gives out.
    servers = {said.path for said in found if said.start and said.process == "web"}
    return [s for s in found if s.start or s.process != "web" or s.path not in servers]


# The first file that is there and says something is taken.
READERS: tuple[tuple[str, Reader], ...] = (
    ("render.yaml", _render),
    (".do/app.yaml", _digital_ocean),
    (".do/deploy.template.yaml", _digital_ocean),
    ("fly.toml", _fly),
    ("railway.json", _railway),
    ("railway.toml", _railway),
    ("heroku.yml", _heroku),
    ("app.yaml", _app_engine),
    ("nixpacks.toml", _nixpacks),
    ("railpack.json", _railpack),
    ("netlify.toml", _netlify),
    ("vercel.json", _vercel),
    ("app.json", _app_json),
)


def read_hosting(place: Place) -> list[Said]:
    """All that the hosting files of a place say, in the order of READERS."""
    return _inside(
        said
        for file, read in READERS
        if place.has(file)
        for said in read(file, _document(place, file))
    )


def _inside(rows: Iterable[Said]) -> list[Said]:
    """Those of folders that lie inside."""
    paths = ((said, inside("", said.path)) for said in rows)
    return [replace(said, path=path) for said, path in paths if path is not None]


def _document(place: Place, file: str) -> object:
    if file.endswith(".toml"):
        return place.toml(file)
    return place.json(file) if file.endswith(".json") else place.yaml(file)


def listed_services(place: Place) -> list[Said]:
    """Several services of one file that lists them by name, each with a folder of its own."""
    said = [row for row in read_hosting(place) if row.name] or _inside(built_images(place))
    files = {row.file for row in said}
    rows = [row for row in said if row.file == min(files)]
    folders = {row.path for row in rows}
    known = all(row.path in place.index.tree for row in rows)
    return rows if len(rows) > 1 and known and (len(folders) > 1 or place.path == ".") else []


def apply(service: DetectedService, said: Said, place: Place) -> DetectedService:
    """The service with what a file for another platform says; an own Dockerfile stays as it is."""
    changes: dict[str, object] = {}
    is_site = service.service_type == "static"
    if not service.dockerfile_path and not service.image:
        if said.start and not is_site:
            changes["start_command"] = said.start
        if said.build and (build := _without_install(said.build, service)):
            changes["build_command"] = build
        if is_site and said.output and (output := _plain(said.output)):
            changes["output_directory"] = output
    if said.port and not is_site:
        changes |= {"port": said.port, "process": "web"}
    if said.health and _HEALTH.fullmatch(said.health):
        changes["health_endpoint"] = said.health
    if not changes:
        return service
    evidence = Evidence("hosting-file", place.full(said.file), _detail(changes), 0.6)
    changes["evidence"] = (evidence, *service.evidence)
    return fitted(replace(service, **changes))  # type: ignore[arg-type]


_INSTALLS = re.compile(
    r"(?:(?:python3? -m )?pip3? install|uv (?:sync|pip install)|poetry install"
    r"|pipenv (?:install|sync)"
    r"|npm (?:ci|install|i)|yarn(?: install)?|pnpm (?:install|i)|bun install|corepack enable"
    r"|(?:gem install bundler|bundle (?:install|config))|composer install|go mod download"
    r"|apt-get|curl)(?![\w:-]).*"
)


def _without_install(command: str, service: DetectedService) -> str | None:
    """The steps that build: dependencies come before them, and programs have one place to be."""
    if service.service_type in {"docker", "golang", "rust"}:
        return None
    steps = (step.strip() for step in re.split(r"&&|;|\n", command))
    return " && ".join(s for s in steps if s and not _INSTALLS.fullmatch(s)) or None


_HEALTH = re.compile(r"/(?!/)[A-Za-z0-9._~/-]*")


def _plain(path: str) -> str | None:
    return inside("", path.strip("/") or ".")


def _detail(changes: dict[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in changes.items())
