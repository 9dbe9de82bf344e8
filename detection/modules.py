"""Programs that one build at the root makes: modules of Maven and Gradle, members of Cargo."""

from dataclasses import replace

from detection.assemble import Survey
from detection.model import DetectedService
from detection.naming import is_worker_name

_ONE_BUILD = frozenset({"java", "rust"})


def modules(root: Survey, below: list[Survey]) -> list[Survey]:
    """The servers and workers among the root's modules, where its own answer is one of them."""
    finding = root.finding
    if finding is None or finding.service_type not in _ONE_BUILD or root.dockerfile:
        return []
    own = finding.build_facts.get("module") or finding.build_facts.get("member")
    if not own:
        return []
    made = [looked for looked in below if is_module(looked, root) and _runs(looked)]
    return made if any(_serves(looked) for looked in made) else []


def is_module(looked: Survey, root: Survey) -> bool:
    """Whether the root's build makes it: the same build tool, and no Dockerfile of its own."""
    if looked.finding is None or root.finding is None or looked.dockerfile is not None:
        return False
    return (
        looked.finding.service_type in _ONE_BUILD
        and looked.finding.package_manager == root.finding.package_manager
    )


def _runs(looked: Survey) -> bool:
    """A server, or a program that its name calls a worker: other programs are tools."""
    if _serves(looked):
        return True
    finding = looked.finding
    is_program = finding is not None and finding.role == "program"
    return is_program and is_worker_name(looked.place.path)


def _serves(looked: Survey) -> bool:
    finding = looked.finding
    if finding is None or finding.role != "server":
        return False
    return any(item.rule in {"main-class", "binary"} for item in finding.evidence)


def built_from_root(service: DetectedService, root: Survey) -> DetectedService:
    """A module's service, built by the root's build from the root's folder."""
    finding = root.finding
    if finding is None:
        return service
    module = service.path.removeprefix(f"{root.place.path}/")
    facts = dict(service.build_facts)
    if finding.service_type == "java":
        output = "target" if finding.package_manager == "maven" else "build"
        facts |= {"module": module, "output": f"{module}/{output}"}
    return replace(
        service,
        build_context=root.place.path,
        build_command=_command(service, root, module),
        language_version=service.language_version or finding.language_version,
        manifest_files=(),
        build_facts=facts | {"assets": ""},
    )


def _command(service: DetectedService, root: Survey, module: str) -> str | None:
    tool = root.finding.package_manager if root.finding else None
    if tool == "maven":
        return f"mvn --batch-mode -DskipTests --projects {module} --also-make package"
    if tool == "gradle":
        task = (service.build_command or "").rpartition("gradle --no-daemon ")[2] or "build"
        return f"gradle --no-daemon :{module.replace('/', ':')}:{task}"
    locked = " --locked" if tool == "cargo" and root.place.has("Cargo.lock") else ""
    return (service.build_command or "").replace(" --release ", f" --release{locked} ") or None
