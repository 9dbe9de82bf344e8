"""Ruby: Gemfile, Rails, Rack applications, and the site generators written in it."""

import re
from dataclasses import dataclass
from shlex import quote

from detection import signs, values
from detection.finding import Finding, Notes, Role
from detection.frameworks.compiled import RUBY_FRAMEWORKS, Framework, best
from detection.place import Place
from detection.versions import Asked, asked_range, clean, first_line, pick, tool_versions

_GEM = re.compile(r"^[ \t]*+gem\s*+(?:\(\s*+)?[\"']([\w.-]++)[\"']", re.MULTILINE)
_LOCKED_GEM = re.compile(r"^    ([\w.-]+) \(", re.MULTILINE)
_RUBY_LINE = re.compile(r"^[ \t]*+ruby\s*+(?:\(\s*+)?[\"']([^\"'\n]++)[\"']", re.MULTILINE)
_RUBY_FILE = re.compile(r"^[ \t]*+ruby\s++file:\s*+[\"']([^\"'\n]++)[\"']", re.MULTILINE)
_LOCKED_RUBY = re.compile(r"RUBY VERSION\s+ruby (\d+(?:\.\d+)*)")
_SCRIPTS = (
    "app.rb",
    "main.rb",
    "server.rb",
    "application.rb",
    "web.rb",
    "bot.rb",
    "hello.rb",
    "lib/main.rb",
    "worker.rb",
)
_GENERATORS = {
    # By gem: the framework's name, the command that builds, the folder it builds into.
    "jekyll": ("jekyll", "bundle exec jekyll build", "_site"),
    "github-pages": ("jekyll", "bundle exec jekyll build", "_site"),
    "middleman": ("middleman", "bundle exec middleman build", "build"),
    "bridgetown": ("bridgetown", "bundle exec bridgetown build", "output"),
    "nanoc": ("nanoc", "bundle exec nanoc compile", "output"),
}
# How each application server is told where to listen; without one rackup takes what it finds.
_SERVERS = {
    "puma": "puma -b tcp://0.0.0.0:$PORT",
    "falcon": "falcon serve --bind http://0.0.0.0:$PORT",
    "unicorn": "unicorn -l 0.0.0.0:$PORT",
    "thin": "thin start -R config.ru -a 0.0.0.0 -p $PORT",
    "iodine": "iodine -b 0.0.0.0 -p $PORT",
    "passenger": "passenger start --address 0.0.0.0 --port $PORT",
}
_LIBRARIES = {
    "pg": ("libpq-dev",),
    "mysql2": ("default-libmysqlclient-dev",),
    "sqlite3": ("libsqlite3-dev",),
    "rmagick": ("libmagickwand-dev",),
    "ruby-vips": ("libvips",),
    "charlock_holmes": ("libicu-dev",),
}


@dataclass(frozen=True, slots=True)
class RubyStart:
    role: Role
    command: str | None
    file: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class RubyProvider:
    manifests: frozenset[str] = frozenset({"Gemfile"})

    def examine(self, place: Place) -> Finding | None:
        manifest = place.find("Gemfile", "gems.rb")
        if not manifest and not place.has("config.ru") and not place.ending(".rb"):
            return _jekyll_without_gemfile(place)
        notes = Notes(place)
        if manifest:
            notes.saw("manifest", manifest, "Ruby manifest", weight=0.75)
        if place.has("config.ru"):
            notes.saw("rack", "config.ru", "a Rack application", weight=0.6)
        for name in place.ending(".rb")[:2]:
            notes.saw("source", name, "Ruby source", weight=0.4)
        return _describe(place, notes, manifest)


def _jekyll_without_gemfile(place: Place) -> Finding | None:
    if not (place.has("_config.yml") and _is_jekyll(place)):
        return None
    notes = Notes(place)
    notes.saw("generator", "_config.yml", "a Jekyll site without a Gemfile", weight=0.85)
    notes.warn("no Gemfile: the newest Jekyll is installed, with the theme and plugins it names")
    settings = place.yaml("_config.yml")
    themes = ["jekyll-remote-theme"] if values.text(settings, "remote_theme") else []
    asked = [values.text(settings, "theme") or "", *values.strings(settings, "plugins")]
    gems = [name for name in dict.fromkeys([*themes, *asked]) if re.fullmatch(r"[a-z][\w-]*", name)]
    return Finding(
        "static",
        "ruby",
        "site",
        tuple(notes.evidence),
        tuple(notes.warnings),
        framework="jekyll",
        install_command=" ".join(["gem install jekyll", *gems]),
        build_command="jekyll build",
        port=8080,
        health_endpoint="/",
        output_directory="_site",
        build_facts={"unpinned": "yes"},
    )


def _is_jekyll(place: Place) -> bool:
    """Folders of its own, or pages with front matter and a theme: others share the file's name."""
    if any(place.has_folder(name) for name in ("_posts", "_layouts", "_includes", "_data")):
        return True
    keys = values.table(place.yaml("_config.yml"))
    pages = place.ending(".md", ".markdown", ".html")
    is_written = any(place.source(page).startswith("---") for page in pages)
    if {"theme", "remote_theme"} & set(keys):
        # Of a Hexo site the theme is a folder.
        return is_written or not place.has_folder("source")
    return is_written and bool({"plugins", "markdown", "permalink", "collections"} & set(keys))


def _describe(place: Place, notes: Notes, manifest: str | None) -> Finding:
    gemfile = place.text(manifest) or "" if manifest else ""
    gems = frozenset(_GEM.findall(gemfile))
    locked = frozenset(_LOCKED_GEM.findall(place.text("Gemfile.lock") or ""))
    generator = next((_GENERATORS[gem] for gem in _GENERATORS if gem in gems), None)
    framework = best(RUBY_FRAMEWORKS, gems) or (
        best(RUBY_FRAMEWORKS, locked) if place.has("config.ru") else None
    )
    start = _start(place, gems, framework)
    if generator and not framework:
        return _site(place, notes, manifest, generator)
    if framework and start.command:
        notes.saw("framework", manifest or "config.ru", framework.name, weight=0.5)
    files = [start.file] if start.file else []
    settings = _rails_settings(place) if framework and framework.name == "rails" else []
    version = pick(_asked(place, notes, gemfile), notes, tool="ruby")
    return Finding(
        service_type="ruby",
        language="ruby",
        role=start.role,
        language_version=version.version or None,
        minimum_version=version.minimum,
        framework=framework.name if framework else None,
        package_manager="bundler" if manifest else None,
        install_command="bundle install" if manifest else None,
        build_command=_assets(place, gems),
        start_command=start.command,
        port=_port(notes, start, framework),
        health_endpoint=_health(place, notes, files, framework),
        environment=signs.environment(notes, [*files, *settings]),
        dependencies=gems | locked,
        manifest_files=tuple(
            n
            for n in ("Gemfile", "Gemfile.lock", "gems.rb", "gems.locked", ".ruby-version")
            if place.has(n)
        ),
        system_packages=tuple(sorted({p for g in gems | locked for p in _LIBRARIES.get(g, ())})),
        build_facts={"needs_source": "yes"} if re.search(r"path:|gemspec", gemfile) else {},
        # Last: what stands above adds to them.
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
    )


def _site(
    place: Place, notes: Notes, manifest: str | None, generator: tuple[str, str, str]
) -> Finding:
    name, build, output = generator
    notes.saw("framework", manifest or ".", name, weight=0.6)
    gemfile = place.text(manifest) or "" if manifest else ""
    version = pick(_asked(place, notes, gemfile), notes, tool="ruby")
    return Finding(
        service_type="static",
        language="ruby",
        role="site",
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
        language_version=version.version or None,
        minimum_version=version.minimum,
        framework=name,
        package_manager="bundler",
        install_command="bundle install",
        build_command=build,
        port=8080,
        health_endpoint="/",
        manifest_files=tuple(n for n in ("Gemfile", "Gemfile.lock") if place.has(n)),
        output_directory=output,
    )


def _start(place: Place, gems: frozenset[str], framework: Framework | None) -> RubyStart:
    if framework and framework.name == "rails" and _is_rails(place):
        migrate = "bundle exec rails db:migrate && " if place.has("config/database.yml") else ""
        serve = "exec bundle exec rails server -b 0.0.0.0 -p $PORT"
        return RubyStart("server", migrate + serve, "config/routes.rb", 3000)
    if place.has("config.ru"):
        server = next((command for gem, command in _SERVERS.items() if gem in gems), "")
        command = f"bundle exec {server or 'rackup config.ru -o 0.0.0.0 -p $PORT'}"
        return RubyStart("server", command, "config.ru", framework.port if framework else 9292)
    return _script(place, gems, framework)


def _is_rails(place: Place) -> bool:
    return any(
        place.has(n)
        for n in ("config/application.rb", "bin/rails", "config.ru", "config/environment.rb")
    )


def _script(place: Place, gems: frozenset[str], framework: Framework | None) -> RubyStart:
    here = [n for n in place.ending(".rb") if n not in {"Rakefile.rb", "gems.rb"}]
    file = next((n for n in _SCRIPTS if place.has(n)), here[0] if len(here) == 1 else None)
    if file is None:
        return RubyStart("library", None)
    bundled = "bundle exec " if place.has("Gemfile") else ""
    source = place.source(file)
    if (framework and framework.name == "sinatra") or "sinatra" in source:
        return RubyStart("server", f"{bundled}ruby {quote(file)} -o 0.0.0.0 -p $PORT", file, 4567)
    serves = bool(re.search(r"TCPServer|WEBrick|Rack::Handler|Rackup|\.listen", source))
    return RubyStart(
        "server" if serves else "program",
        f"{bundled}ruby {quote(file)}",
        file,
        8080 if serves else None,
    )


def _rails_settings(place: Place) -> list[str]:
    """Where a Rails application reads what is different on every machine."""
    initializers = place.index.directory(place.full("config/initializers")).files
    usual = ("config/database.yml", "config/cable.yml", "config/environments/production.rb")
    below = [f"config/initializers/{name}" for name in initializers if name.endswith(".rb")]
    return [file for file in usual if place.has(file)] + below[:30]


def _assets(place: Place, gems: frozenset[str]) -> str | None:
    """Rails assets, with a throw-away key: the real one is not there while an image is built."""
    pipelines = {"sprockets-rails", "propshaft", "sass-rails", "vite_rails", "importmap-rails"}
    if "rails" not in gems or not (pipelines & gems or place.has("app/assets/config/manifest.js")):
        return None
    return "SECRET_KEY_BASE_DUMMY=1 RAILS_ENV=production bundle exec rails assets:precompile"


def _port(notes: Notes, start: RubyStart, framework: Framework | None) -> int | None:
    if start.role != "server":
        return None
    is_rails = framework is not None and framework.name == "rails"
    settings = ["config/puma.rb"] if "puma" in (start.command or "") or is_rails else []
    for file in [*settings, *([start.file] if start.file and not is_rails else [])]:
        written = signs.port_in_code(notes.place.source(file))
        if written:
            notes.saw("port-in-code", file, f"listens on {written.number}", line=written.line)
            return written.number
    return signs.port_in_dotenv(notes) or start.port


def _health(
    place: Place, notes: Notes, files: list[str], framework: Framework | None
) -> str | None:
    """Rails 7.1 and later answers /up when its routes file has the line that new projects get."""
    if (
        framework
        and framework.name == "rails"
        and "rails/health#show" in place.source("config/routes.rb")
    ):
        notes.saw("health-route", "config/routes.rb", "route /up")
        return "/up"
    return signs.health_in_code(notes, files)


def _asked(place: Place, notes: Notes, gemfile: str) -> list[Asked]:
    pinned = clean(first_line(place.text(".ruby-version")).removeprefix("ruby-"))
    lock = _LOCKED_RUBY.search(place.text("Gemfile.lock") or "")
    locked = [Asked("Gemfile.lock", lock[1])] if lock else []
    asked = [Asked(".ruby-version", pinned)] if pinned else []
    written = _RUBY_LINE.search(gemfile)
    is_range = written is not None and not written[1].strip()[:1].isdigit()
    said = _in_gemfile(written[1] if written else "")
    return asked + (locked + said if is_range else said + locked) + tool_versions(notes, "ruby")


def _in_gemfile(written: str) -> list[Asked]:
    """One version, or a range: `~> 3.4.0` is any 3.4, `~> 3.4` any 3 from there on."""
    version = clean(written)
    if version is None:
        return []
    if written.strip().startswith("~>"):
        exact = version.count(".") > 1
        kept = version.rpartition(".")[0] if exact else version
        return [Asked("Gemfile", kept, minimum=None if exact else version)]
    return asked_range("Gemfile", written, tool="ruby")
