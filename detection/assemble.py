"""A finding becomes a service: what was found, plus the person's own Dockerfile."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from detection import values
from detection.arbitrate import Verdict, choose
from detection.dockerfile import Dockerfile, find_dockerfile, read_dockerfile
from detection.dockerfile_port import listening_port
from detection.finding import Finding
from detection.model import DetectedService, Evidence, ServiceType
from detection.naming import service_name
from detection.place import Place
from detection.providers import PROVIDERS
from detection.providers.others import BACKENDS

_TYPES: dict[str, ServiceType] = {
    "nodejs": "nodejs",
    "python": "python",
    "golang": "golang",
    "rust": "rust",
    "java": "java",
    "ruby": "ruby",
    "php": "php",
}

_LANGUAGES = {"nodejs": "javascript", "golang": "go"}

# A folder of this name is called after the one it lies in.
_NAMELESS = frozenset({"src", "source", "code"})


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything known about one place."""

    place: Place
    verdict: Verdict
    dockerfile: Dockerfile | None = None

    @property
    def finding(self) -> Finding | None:
        return self.verdict.winner

    @property
    def names(self) -> frozenset[str]:
        """What the application here may be called: by its manifest, or by its folder."""
        folder = self.place.path if self.place.path != "." else self.place.index.root.resolve().name
        declared = self.finding.name if self.finding else None
        return frozenset(
            service_name(name) for name in (declared, folder.rpartition("/")[2]) if name
        )

    @property
    def is_foreign(self) -> bool:
        """An application in a language that servers are written in and that nothing here builds."""
        finding = self.finding
        return (
            finding is not None
            and finding.service_type == "unknown"
            and finding.language in BACKENDS
            and (self.place.path == "." or finding.framework is not None)
        )

    @property
    def is_deployable(self) -> bool:
        """Something starts here, or is served: a library is not a service."""
        if self.dockerfile is not None or self.is_foreign:
            return True
        finding = self.finding
        return (
            finding is not None
            and finding.role != "library"
            and (finding.service_type != "unknown")
        )


def survey(place: Place, *, forced: ServiceType | None = None) -> Survey:
    findings = [found for p in PROVIDERS if (found := p.examine(place)) is not None]
    name = find_dockerfile(place)
    dockerfile = read_dockerfile(place, name) if name else None
    if dockerfile and not dockerfile.bases:
        place.index.problems.append(f"{dockerfile.path} is ignored: it has no FROM")
        dockerfile = None
    return Survey(place, choose(findings, forced=forced), dockerfile)


def build_service(
    looked: Survey, *, name: str | None = None, process: str | None = None
) -> DetectedService:
    """The service of a surveyed place; its own Dockerfile wins over anything found."""
    finding = looked.finding
    service = DetectedService(
        name=name or _name(looked),
        path=looked.place.path,
        process=process or "web",
        build_context=looked.place.path,
    )
    if finding is not None:
        service = _with_finding(service, finding, looked.verdict)
        service = replace(service, process=process or _process(finding))
    if looked.dockerfile is not None:
        context = _context(looked.place, looked.dockerfile)
        service = with_dockerfile(service, looked.dockerfile, looked.place)
        service = replace(service, build_context=context)
    return service


def _context(place: Place, dockerfile: Dockerfile) -> str:
    """A Dockerfile is built in its folder, or at the top where only that has what it copies."""

    def has_all(folder: Place) -> bool:
        return all(folder.has(n) or folder.has_folder(n) for n in dockerfile.copied if n != ".")

    root = Place(place.index)
    return root.path if not has_all(place) and has_all(root) else place.path


def _with_finding(service: DetectedService, finding: Finding, verdict: Verdict) -> DetectedService:
    return replace(
        service,
        service_type=finding.service_type,
        language=finding.language,
        language_version=finding.language_version,
        minimum_version=finding.minimum_version,
        framework=finding.framework,
        package_manager=finding.package_manager,
        install_command=finding.install_command,
        build_command=finding.build_command,
        start_command=finding.start_command,
        port=finding.port,
        health_endpoint=finding.health_endpoint,
        environment=finding.environment,
        confidence=verdict.confidence,
        evidence=finding.evidence,
        runners_up=verdict.runners_up,
        manifest_files=finding.manifest_files,
        output_directory=finding.output_directory,
        single_page=finding.single_page,
        system_packages=finding.system_packages,
        build_facts=finding.build_facts,
        build_context=finding.build_facts.get("workspace_root", service.build_context),
    )


def with_dockerfile(
    service: DetectedService, dockerfile: Dockerfile, place: Place
) -> DetectedService:
    """The service as its own Dockerfile builds it: how it is built and started is said there."""
    evidence = Evidence("dockerfile", dockerfile.path, "the person's own Dockerfile", 0.97)
    kind = service.service_type
    if kind in {"unknown", "static"}:
        kind = _TYPES.get(dockerfile.language or "", "docker")
    # A site's port is that of the server we would have put in front of it.
    found = None if service.service_type == "static" else service.port
    scripts = place.json("package.json") if place.has("package.json") else None
    port = listening_port(dockerfile, values.table(scripts, "scripts")) or found
    return replace(
        service,
        service_type=kind,
        language=service.language or _LANGUAGES.get(dockerfile.language or "", dockerfile.language),
        dockerfile_path=dockerfile.path,
        start_command=dockerfile.command or service.start_command,
        process="web" if port else service.process,
        port=port,
        confidence=max(service.confidence, 0.97),
        evidence=tuple(dict.fromkeys((evidence, *service.evidence))),
    )


def _process(finding: Finding) -> str:
    return "worker" if finding.role == "program" and finding.port is None else "web"


def _name(looked: Survey) -> str:
    if looked.place.path != ".":
        folders = [name for name in looked.place.path.split("/") if name not in _NAMELESS]
        return service_name(folders[-1] if folders else looked.place.path)
    declared = looked.finding.name if looked.finding else None
    return service_name(declared or looked.place.index.root.resolve().name)


Surveyor = Callable[[Place], Survey]
