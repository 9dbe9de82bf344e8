"""PHP: composer projects, frameworks, WordPress, and folders of .php files."""

import re
from dataclasses import dataclass

from detection import signs, values
from detection.finding import Finding, Notes
from detection.frameworks.compiled import PHP_FRAMEWORKS, Framework, best
from detection.parsing import parse_env
from detection.place import Place
from detection.providers.node_install import MANAGERS
from detection.providers.node_package import manager_version, pick_manager, read_package
from detection.versions import Asked, asked_range, first_line, pick, tool_versions

_WEB_ROOTS = ("public", "web", "htdocs", "webroot", "www", "public_html", "html", "docroot", "src")
_FRAMEWORK_ROOTS = {
    "laravel": "public",
    "lumen": "public",
    "symfony": "public",
    "laminas": "public",
    "codeigniter": "public",
    "cakephp": "webroot",
    "yii": "web",
    "drupal": "web",
}
_BUILT_IN = re.compile(
    r"\bphp\s+-S\s+[\w.-]+:(\d{2,5})\b(?:\s+-t\s+(?:\./)?([\w-]+(?:/[\w-]+)*/?))?"
)
# What the extensions compile against.
_LIBRARIES = {
    "bz2": "libbz2-dev",
    "gd": "libpng-dev",
    "gmp": "libgmp-dev",
    "intl": "libicu-dev",
    "pdo_pgsql": "libpq-dev",
    "pgsql": "libpq-dev",
    "soap": "libxml2-dev",
    "xsl": "libxslt1-dev",
    "zip": "libzip-dev",
}
_IMPLIED = {"wordpress": ("mysqli",)}
_DRIVERS = {"mysql": "pdo_mysql", "mariadb": "pdo_mysql", "pgsql": "pdo_pgsql"}
_SCRIPTS = ("worker.php", "app.php", "main.php", "server.php", "cli.php", "bot.php")
_EXTENSIONS = {
    "ext-bz2",
    "ext-gmp",
    "ext-pdo_mysql",
    "ext-mysqli",
    "ext-pdo_pgsql",
    "ext-pgsql",
    "ext-intl",
    "ext-zip",
    "ext-gd",
    "ext-bcmath",
    "ext-exif",
    "ext-sockets",
    "ext-pcntl",
    "ext-soap",
    "ext-xsl",
}


@dataclass(frozen=True, slots=True)
class PhpProvider:
    manifests: frozenset[str] = frozenset({"composer.json"})

    def examine(self, place: Place) -> Finding | None:
        notes = Notes(place)
        has_composer = place.has("composer.json")
        composer = place.json("composer.json") if has_composer else None
        root = _web_root(place, None, composer)
        if has_composer:
            notes.saw("manifest", "composer.json", "Composer manifest", weight=0.75)
        if place.has("artisan"):
            notes.saw("framework-file", "artisan", "Laravel's command", weight=0.7)
        if place.find("wp-config.php", "wp-config-sample.php", "wp-load.php"):
            notes.saw("framework-file", "wp-load.php", "WordPress", weight=0.8)
        if root is not None:
            notes.saw("source", f"{root}/index.php".removeprefix("./"), "a PHP page", weight=0.6)
        elif place.ending(".php"):
            notes.saw("source", place.ending(".php")[0], "PHP source", weight=0.5)
        return _describe(place, notes) if notes.evidence else None


def _describe(place: Place, notes: Notes) -> Finding:
    composer = place.json("composer.json") if place.has("composer.json") else None
    required = frozenset(values.table(composer, "require"))
    framework = best(PHP_FRAMEWORKS, required)
    name = framework.name if framework else "wordpress" if _is_wordpress(place) else None
    if framework:
        notes.saw("framework", "composer.json", framework.name, weight=0.5)
    root = _web_root(place, name, composer)
    script = None if root is not None else next((s for s in _SCRIPTS if place.has(s)), None)
    start = _start(place, name, root=root, script=script)
    if root is not None:
        notes.warn(
            "served by PHP's built-in server: fine for small loads, use your own image beyond"
        )
    extensions = sorted({*_asked_extensions(place, required), *_IMPLIED.get(name or "", ())})
    version = pick(_asked(place, notes, composer), notes, tool="php")
    return Finding(
        service_type="php",
        language="php",
        role="server" if root is not None else "program" if start else "library",
        name=values.text(composer, "name"),
        language_version=version.version or None,
        minimum_version=version.minimum,
        framework=name,
        package_manager="composer" if place.has("composer.json") else None,
        install_command=_install(place),
        start_command=start,
        port=_port(notes, composer, framework) if root is not None else None,
        health_endpoint="/up" if _has_up(place, name) else None,
        environment=signs.environment(notes, []),
        dependencies=required,
        manifest_files=tuple(n for n in ("composer.json", "composer.lock") if place.has(n)),
        system_packages=tuple(sorted({_LIBRARIES[e] for e in extensions if e in _LIBRARIES})),
        build_facts={"web_root": root or "", "extensions": " ".join(extensions)}
        | (_assets(place) if root == "public" and place.has("composer.json") else {}),
        # Last: what stands above adds to them.
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
    )


def _assets(place: Place) -> dict[str, str]:
    """How a package.json beside the application builds what its pages load, into public/."""
    package = read_package(place) if place.has("package.json") else None
    script = next(
        (s for s in ("build", "production", "prod") if package and s in package.scripts), ""
    )
    if package is None or not script:
        return {}
    manager = pick_manager(place, package, Notes(place), root=place)
    row = MANAGERS[manager.name]
    version = manager_version(place, manager, package)
    return {
        "manager": manager.name,
        "assets_install": row.locked if manager.lock else row.unlocked,
        "assets_build": f"{row.run} {script}",
    } | ({"manager_version": version} if version else {})


def _asked_extensions(place: Place, required: frozenset[str]) -> set[str]:
    """Those that composer.json requires, and the one for the database of the example settings."""
    connection = parse_env(place.source(".env.example")).get("DB_CONNECTION", "")
    asked = {e.removeprefix("ext-") for e in required & _EXTENSIONS}
    return asked | {_DRIVERS[connection]} if connection in _DRIVERS else asked


def _is_wordpress(place: Place) -> bool:
    return place.find("wp-config.php", "wp-config-sample.php", "wp-load.php") is not None


def _own_server(composer: object) -> str:
    """The script of composer.json that serves the application with PHP's own server."""
    scripts = values.table(composer, "scripts")
    commands = (c for name in scripts for c in values.strings(scripts, name))
    return next((command for command in commands if _BUILT_IN.search(command)), "")


def _port(notes: Notes, composer: object, framework: Framework | None) -> int:
    script = _BUILT_IN.search(_own_server(composer))
    if script:
        notes.saw("port-in-command", "composer.json", f"listens on {script[1]}")
        return values.number(script[1]) or 8080
    return signs.port_in_dotenv(notes) or (framework.port if framework else 8080)


def _web_root(place: Place, framework: str | None, composer: object) -> str | None:
    """The folder whose index.php answers: the framework's own, the project's, a usual name."""
    own = _FRAMEWORK_ROOTS.get(framework or "")
    if own and place.has(f"{own}/index.php"):
        return own
    script = _BUILT_IN.search(_own_server(composer))
    if script and script[2] and place.has(f"{script[2].rstrip('/')}/index.php"):
        return script[2].rstrip("/")
    if place.find("index.php"):
        return "."
    for folder in _WEB_ROOTS:
        if place.has(f"{folder}/index.php"):
            return folder
    pages = [name for name in place.ending(".php") if name not in _SCRIPTS]
    return "." if pages and not place.has("composer.json") else None


def _start(
    place: Place, framework: str | None, *, root: str | None, script: str | None
) -> str | None:
    if framework == "laravel" and place.has("artisan"):
        return "php artisan serve --host=0.0.0.0 --port=$PORT"
    if root is not None:
        return "php -S 0.0.0.0:$PORT" + ("" if root == "." else f" -t {root}")
    return f"php {script}" if script else None


def _install(place: Place) -> str | None:
    if not place.has("composer.json"):
        return None
    return "composer install --no-dev --no-interaction --prefer-dist --optimize-autoloader"


def _has_up(place: Place, framework: str | None) -> bool:
    """Laravel 11 and later: the skeleton registers its health route in bootstrap/app.php."""
    return framework == "laravel" and "health: '/up'" in place.source("bootstrap/app.php")


def _asked(place: Place, notes: Notes, composer: object) -> list[Asked]:
    asked: list[Asked] = []
    if place.has(".php-version"):
        asked.append(Asked(".php-version", first_line(place.text(".php-version"))))
    asked += tool_versions(notes, "php")
    for keys in (("config", "platform", "php"), ("require", "php")):
        written = _highest(values.text(composer, *keys) or "")
        asked += asked_range("composer.json", written, tool="php")
    return [item for item in asked if re.match(r"\d", item.version)]


def _highest(constraint: str) -> str:
    """The last alternative of `^7.4 || ^8.1`: composer lists them in order."""
    return constraint.rpartition("|")[2].strip()
