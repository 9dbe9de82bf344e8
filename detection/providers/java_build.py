"""Maven's and Gradle's build files, as far as deployment needs them."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass

from detection.parsing import parse_xml
from detection.place import Place

_COORDINATES = re.compile(r"[\"']([\w.-]+):([\w.-]+)(?::[^\"']*)?[\"']")
_PLUGIN = re.compile(r"\bid\s*+(?:\(\s*+)?[\"']([\w.-]++)[\"']")
_CATALOG = re.compile(r"(?:group|id|module)\s*=\s*\"([\w.-]+)")


_HEALTH = {
    "spring-boot-starter-actuator": "/actuator/health",
    "quarkus-smallrye-health": "/q/health",
    "micronaut-management": "/health",
}
_MODULE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
# Maven in other notations: recognised by name, not read.
POLYGLOT = ("pom.atom", "pom.yaml", "pom.yml", "pom.clj", "pom.groovy", "pom.rb", "pom.scala")


@dataclass(frozen=True, slots=True)
class Build:
    """One build: its tool, what it depends on (group ids and plugins), where its result lies."""

    tool: str
    file: str
    command: str
    output: str
    groups: frozenset[str] = frozenset()
    properties: tuple[tuple[str, str], ...] = ()
    packaging: str = "jar"
    name: str | None = None
    module: str = ""
    manifests: tuple[str, ...] = ()
    health: str | None = None


def read_maven(place: Place) -> Build:
    file = place.find("pom.xml", *POLYGLOT) or "pom.xml"
    root = place.parsed(file, parse_xml) if file == "pom.xml" else None
    modules = _modules(root)
    module, chosen = _runnable_module(place, modules)
    poms = [pom for pom in (root, chosen) if pom is not None]
    groups = frozenset(
        text for pom in poms for element in pom.iter("groupId") if (text := _text(element))
    )
    artifacts = {_text(element) for pom in poms for element in pom.iter("artifactId")}
    target = f" --projects {module} --also-make" if module else ""
    return Build(
        tool="maven",
        file=file,
        command=f"mvn --batch-mode -DskipTests{target} package",
        output=f"{module}/target" if module else "target",
        groups=groups,
        properties=tuple(pair for pom in poms for pair in _properties(pom)),
        packaging=_text((poms[-1] if poms else ET.Element("x")).find("packaging")) or "jar",
        name=_text(root.find("artifactId")) if root is not None else None,
        module=module,
        manifests=() if modules else tuple(n for n in ("pom.xml",) if place.has(n)),
        health=_health(artifacts),
    )


def _health(artifacts: Iterable[str | None]) -> str | None:
    """The path of a framework's own health check, where the build asks for it."""
    known = set(artifacts)
    return next((path for name, path in _HEALTH.items() if name in known), None)


def _text(element: ET.Element | None) -> str | None:
    return (element.text or "").strip() or None if element is not None else None


def _modules(root: ET.Element | None) -> list[str]:
    found = [_text(e) for e in root.iterfind("modules/module")] if root is not None else []
    return [name for name in found if name and _MODULE.fullmatch(name) and ".." not in name]


def _runnable_module(place: Place, modules: list[str]) -> tuple[str, ET.Element | None]:
    """The module that packages a program: the one with a plugin that does, else the last."""
    if not modules:
        return "", None
    poms = [(name, place.parsed(f"{name}/pom.xml", parse_xml)) for name in modules]
    for name, pom in poms:
        text = place.text(f"{name}/pom.xml") or ""
        if pom is not None and re.search(
            r"(spring-boot|quarkus|shade|assembly|micronaut)\S{0,100}plugin", text
        ):
            return name, pom
    return poms[-1]


def _properties(pom: ET.Element) -> list[tuple[str, str]]:
    """Everything that may name a Java version: properties, and the compiler's settings."""
    found = [(e.tag, text) for e in pom.iterfind("properties/*") if (text := _text(e))]
    for tag in ("release", "source", "target"):
        found += [(f"compiler.{tag}", text) for e in pom.iter(tag) if (text := _text(e))]
    return found


def read_gradle(place: Place) -> Build:
    module = _gradle_module(place)
    files = [f for f in ("build.gradle", "build.gradle.kts") if place.has(f)]
    if module:
        files += [
            f"{module}/{f}"
            for f in ("build.gradle", "build.gradle.kts")
            if place.has(f"{module}/{f}")
        ]
    text = "\n".join(place.text(file) or "" for file in files)
    catalog = place.text("gradle/libs.versions.toml") or ""
    groups = {match[1] for match in _COORDINATES.finditer(text)} | set(_PLUGIN.findall(text))
    groups |= set(_CATALOG.findall(catalog))
    name = re.search(r"rootProject\.name\s*=\s*[\"']([^\"']+)", _settings(place))
    task = "bootJar" if "org.springframework.boot" in groups else "build"
    if "com.github.johnrengelman.shadow" in groups or "com.gradleup.shadow" in groups:
        task = "shadowJar"
    if "build/install/" in (place.text("Procfile") or ""):
        task = "installDist"
    return Build(
        tool="gradle",
        file=files[0] if files else "settings.gradle",
        command=f"gradle --no-daemon {':' + module.replace('/', ':') + ':' if module else ''}{task}"
        " -x test",
        output=f"{module}/build" if module else "build",
        groups=frozenset(groups),
        properties=tuple(_gradle_versions(text)),
        packaging="war" if "war" in groups and "org.springframework.boot" not in groups else "jar",
        name=name[1] if name else None,
        module=module,
        health=_health(name for name in _HEALTH if name in text),
    )


def _settings(place: Place) -> str:
    return place.text("settings.gradle") or place.text("settings.gradle.kts") or ""


def _gradle_module(place: Place) -> str:
    """The subproject that runs, where the root itself builds nothing that does."""
    own = (place.text("build.gradle") or "") + (place.text("build.gradle.kts") or "")
    if re.search(r"\bapplication\b|org\.springframework\.boot['\"]\)?(?!.{0,200}apply false)", own):
        return ""
    included: list[str] = re.findall(
        r"[\"']:?([\w:.-]+)[\"']", " ".join(re.findall(r"include\b[^\n]*", _settings(place)))
    )
    folders = [name.strip(":").replace(":", "/") for name in included]
    for folder in folders:
        text = (place.text(f"{folder}/build.gradle") or "") + (
            place.text(f"{folder}/build.gradle.kts") or ""
        )
        if re.search(r"\bapplication\b|springframework\.boot|quarkus|micronaut", text):
            return folder
    return ""


def _gradle_versions(text: str) -> list[tuple[str, str]]:
    patterns = (
        ("toolchain", r"JavaLanguageVersion\.of\(\s*[\"']?(\d+)"),
        ("jvmToolchain", r"jvmToolchain\(\s*(\d+)"),
        (
            "sourceCompatibility",
            r"sourceCompatibility\s*=\s*(?:JavaVersion\.VERSION_)?[\"']?([\d._]+)",
        ),
        ("release", r"options\.release\s*=\s*(\d+)"),
    )
    return [
        (name, found[1].replace("_", ".")) for name, p in patterns if (found := re.search(p, text))
    ]
