"""Java's version and port, from the many files that may say them."""

import re

from detection import values
from detection.finding import Notes
from detection.parsing import parse_env, parse_yaml_all
from detection.place import Place
from detection.providers.java_build import Build
from detection.versions import Asked, first_line, tool_versions

_VERSION_KEYS = (
    "maven.compiler.release",
    "java.version",
    "maven.compiler.source",
    "maven.compiler.target",
    "jdk.version",
    "compiler.release",
    "compiler.source",
    "compiler.target",
    "toolchain",
    "jvmToolchain",
    "sourceCompatibility",
    "release",
)
_RESOURCES = ("src/main/resources", "config", ".")
_PORT_KEYS = (
    "server.port",
    "quarkus.http.port",
    "micronaut.server.port",
    "http.port",
    "ktor.deployment.port",
)


def asked_versions(place: Place, notes: Notes, build: Build) -> list[Asked]:
    """Precedence: version files, then the build's toolchain or release, then source levels."""
    asked: list[Asked] = []
    if place.has(".java-version"):
        asked.append(Asked(".java-version", plain(first_line(place.text(".java-version")))))
    if place.has("system.properties"):
        written = parse_env((place.text("system.properties") or "").replace(".", "_"))
        version = written.get("java_runtime_version", "").replace("_", ".")
        asked.append(Asked("system.properties", plain(version)))
    if place.has(".sdkmanrc"):
        asked.append(
            Asked(".sdkmanrc", plain(parse_env(place.text(".sdkmanrc") or "").get("java", "")))
        )
    asked += [Asked(a.file, plain(a.version), a.line) for a in tool_versions(notes, "java")]
    written_in_build = dict(reversed(build.properties))
    for key in _VERSION_KEYS:
        if key in written_in_build:
            asked.append(
                Asked(build.file, plain(_resolve(written_in_build[key], written_in_build)))
            )
            break
    return [item for item in asked if item.version]


def _resolve(value: str, properties: dict[str, str]) -> str:
    """One level of ${property}."""
    match = re.fullmatch(r"\$\{([\w.]+)\}", value)
    return properties.get(match[1], "") if match else value


def plain(written: str) -> str:
    """'1.8' and 'openjdk64-17.0.2' and 'temurin-21' as the number Java counts by, with its rest."""
    bare = re.sub(r"^[A-Za-z][A-Za-z0-9_]*-(?=\d)", "", written.strip())
    found = re.search(r"\d+(?:\.\d+)*", bare)
    return re.sub(r"^1\.(?=\d)", "", found[0]) if found else ""


def configured_port(notes: Notes) -> int | None:
    """The port in application.properties or application.yml, here or in the runnable module."""
    place = notes.place
    for folder in (*_RESOURCES, *(f"{name}/src/main/resources" for name in place.names.walked)):
        for name in ("application.properties", "application.yml", "application.yaml"):
            file = name if folder == "." else f"{folder}/{name}"
            if place.has(file):
                found = _port_of(place, file)
                if found:
                    notes.saw("port-in-config", file, f"listens on {found}")
                    return found
    return None


def _port_of(place: Place, file: str) -> int | None:
    if file.endswith(".properties"):
        text = place.text(file) or ""
        keys = "|".join(re.escape(key) for key in _PORT_KEYS)
        match = re.search(rf"^[ \t]*+(?:{keys})[ \t]*+[=:][ \t]*+(\S++)", text, re.MULTILINE)
        return _default_of(match[1]) if match else None
    documents = place.parsed(file, parse_yaml_all) or []
    for data in (d for d in documents if not _is_of_a_profile(d)):
        for key in _PORT_KEYS:
            written = values.text(data, *key.split(".")) or values.text(data, key)
            if written:
                return _default_of(written)
    return None


def _is_of_a_profile(document: object) -> bool:
    """A document of Spring's application.yml that counts only where somebody asks for it."""
    keys = (("spring", "profiles"), ("spring", "config", "activate", "on-profile"))
    return any(values.text(document, *path) for path in keys)


def _default_of(written: str) -> int | None:
    """'8081', or the default in '${PORT:8081}'."""
    match = re.fullmatch(r"\$\{.*:(\d+)\}+", written)
    return values.number(match[1] if match else written)
