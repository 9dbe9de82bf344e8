"""Java and Kotlin: Maven, Gradle, and single source files."""

import re
from dataclasses import dataclass

from detection import signs
from detection.finding import Finding, Notes
from detection.frameworks.compiled import JAVA_FRAMEWORKS, Framework, best_by_prefix
from detection.place import Place
from detection.providers.java_build import POLYGLOT, Build, read_gradle, read_maven
from detection.providers.java_config import asked_versions, configured_port
from detection.versions import pick

_GRADLE = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
_MAIN = re.compile(r"public\s+static\s+void\s+main\s*\(|^fun\s+main\s*\(", re.MULTILINE)
_SERVER = re.compile(
    r"HttpServer|ServerSocket|HttpServlet|SpringApplication|Javalin|embeddedServer"
)
_MANIFEST = "META-INF/MANIFEST.MF"
_JARS = {"quarkus": "quarkus-app/quarkus-run.jar"}


@dataclass(frozen=True, slots=True)
class JavaProvider:
    manifests: frozenset[str] = frozenset({"pom.xml", *_GRADLE})

    def examine(self, place: Place) -> Finding | None:
        maven = place.find("pom.xml", *POLYGLOT)
        gradle = place.find(*_GRADLE)
        sources = place.ending(".java")
        unpacked = place.has(_MANIFEST)
        if not maven and not gradle and not sources and not place.ending(".jar") and not unpacked:
            return None
        notes = Notes(place)
        for name in (maven, gradle):
            if name:
                notes.saw("manifest", name, "Java build", weight=0.8)
        if not maven and not gradle:
            return _plain(place, notes, sources)
        return _describe(place, notes, _pick_build(place, notes, maven=maven, gradle=gradle))


def _pick_build(place: Place, notes: Notes, *, maven: str | None, gradle: str | None) -> Build:
    """Maven where both are: unless only Gradle brings its wrapper."""
    if maven and gradle:
        has_gradlew, has_mvnw = place.has("gradlew"), place.has("mvnw")
        chosen = "gradle" if has_gradlew and not has_mvnw else "maven"
        notes.warn(f"{maven} and {gradle}: took {chosen}")
        return read_maven(place) if chosen == "maven" else read_gradle(place)
    return read_maven(place) if maven else read_gradle(place)


def _describe(place: Place, notes: Notes, build: Build) -> Finding:
    framework = best_by_prefix(JAVA_FRAMEWORKS, build.groups)
    if framework:
        notes.saw("framework", build.file, framework.name, weight=0.5)
    main = _main_file(place)
    if main:
        notes.saw("main-class", main, "a main method", weight=0.2)
    serves = framework is not None or bool(main and _SERVER.search(place.source(main)))
    runs = serves or main is not None
    if build.packaging == "war":
        serves = True
        notes.warn("packaged as a war: it is run with `java -jar`, which needs an embedded server")
    version = pick(asked_versions(place, notes, build), notes, tool="java")
    return Finding(
        service_type="java",
        language="kotlin" if main and main.endswith(".kt") else "java",
        role="server" if serves else "program" if runs else "library",
        name=build.name,
        language_version=version.version or None,
        minimum_version=version.minimum,
        framework=framework.name if framework else None,
        package_manager=build.tool,
        build_command=build.command,
        start_command=_start(framework),
        port=_port(notes, framework, main) if serves else None,
        health_endpoint=build.health,
        environment=signs.environment(notes, [main] if main else []),
        dependencies=build.groups,
        manifest_files=build.manifests,
        build_facts={
            "output": build.output,
            "jar": _JARS.get(framework.name if framework else "", ""),
            "module": build.module,
        },
        # Last: what stands above adds to them.
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
    )


def _start(framework: Framework | None) -> str:
    port = {
        "spring-boot": "-Dserver.port=$PORT ",
        "quarkus": "-Dquarkus.http.port=$PORT -Dquarkus.http.host=0.0.0.0 ",
        "micronaut": "-Dmicronaut.server.port=$PORT ",
    }.get(framework.name if framework else "", "")
    name = "quarkus-app/quarkus-run.jar" if framework and framework.name == "quarkus" else "app.jar"
    return f"java {port}$JAVA_OPTS -jar {name}"


def _main_file(place: Place) -> str | None:
    """The first source with a main method, application classes before others."""
    found = [f for f in place.sources(".java", ".kt") if "/test/" not in f][:200]
    found.sort(key=lambda f: not re.search(r"(Application|App|Main|Server)\.(?:java|kt)$", f))
    return next((f for f in found if _MAIN.search(place.source(f))), None)


def _port(notes: Notes, framework: Framework | None, main: str | None) -> int:
    configured = configured_port(notes)
    if configured:
        return configured
    written = signs.port_in_code(notes.place.source(main)) if main else None
    if written and main:
        notes.saw("port-in-code", main, f"listens on {written.number}", line=written.line)
        return written.number
    return signs.port_in_dotenv(notes) or (framework.port if framework else 8080)


def _plain(place: Place, notes: Notes, sources: list[str]) -> Finding | None:
    """Source files, or one built archive, without a build tool."""
    jars = place.ending(".jar")
    main = next((f for f in sources if _MAIN.search(place.source(f))), None)
    if main is None and not jars:
        return _unpacked(place, notes)
    notes.saw("source", main or jars[0], "Java without a build tool", weight=0.7)
    serves = bool(main and _SERVER.search(place.source(main)))
    facts = {"main_class": main.removesuffix(".java")} if main else {"prebuilt": jars[0]}
    start = (
        f"java $JAVA_OPTS -cp . {main.removesuffix('.java')}"
        if main
        else (f"java $JAVA_OPTS -jar {jars[0]}")
    )
    return Finding(
        service_type="java",
        language="java",
        role="server" if serves or not main else "program",
        build_command="javac ./*.java" if main else None,
        start_command=start,
        port=_port(notes, None, main) if serves or not main else None,
        build_facts=facts,
        # Last: what stands above adds to them.
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
    )


def _unpacked(place: Place, notes: Notes) -> Finding | None:
    """An archive that somebody unpacked: its manifest says which class to run."""
    manifest = place.source(_MANIFEST)
    main = re.search(r"^Main-Class:\s*([\w.$]+)", manifest, re.MULTILINE)
    if main is None:
        return None
    is_spring = "Spring-Boot-Version" in manifest
    notes.saw("manifest", _MANIFEST, f"main class {main[1]}", weight=0.8)
    port = "-Dserver.port=$PORT " if is_spring else ""
    release = re.search(r"^Build-Jdk-Spec:\s*([\d.]+)", manifest, re.MULTILINE)
    return Finding(
        service_type="java",
        language="java",
        role="server" if is_spring else "program",
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
        language_version=release[1] if release else None,
        framework="spring-boot" if is_spring else None,
        start_command=f"java {port}$JAVA_OPTS -cp . {main[1]}",
        port=8080 if is_spring else None,
        build_facts={"prebuilt": "."},
    )
