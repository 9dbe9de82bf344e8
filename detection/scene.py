"""All services of a folder, from every place that describes some: compose, root, subfolders."""

from dataclasses import dataclass, field, replace

from detection import compose, overrides
from detection.assemble import Survey, build_service, survey
from detection.compose_file import ComposeProject, read_compose
from detection.index import FolderIndex
from detection.model import DetectedDatabase, DetectedService
from detection.naming import service_name, unique
from detection.overrides import Override
from detection.place import Place
from detection.procfile import read_procfile, split
from detection.projects import candidate_places
from detection.workspaces import workspace_patterns


@dataclass(slots=True)
class Scene:
    """What was found so far; `surveys` keeps each place's answer so that it is looked at once."""

    index: FolderIndex
    overrides: tuple[Override, ...] = ()
    services: list[DetectedService] = field(default_factory=list)
    databases: list[DetectedDatabase] = field(default_factory=list)
    declared: dict[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    surveys: dict[str, Survey] = field(default_factory=dict)
    compose: ComposeProject | None = None

    @property
    def root(self) -> Survey:
        return self.survey(Place(self.index))

    def survey(self, place: Place) -> Survey:
        if place.path not in self.surveys:
            said = [o.type for o in self.overrides if o.type and self._is_about(o, place)]
            self.surveys[place.path] = survey(place, forced=said[-1] if said else None)
        return self.surveys[place.path]

    def _is_about(self, override: Override, place: Place) -> bool:
        if override.path is not None or override.name is None:
            return (override.path or ".") == place.path
        return place.path.rpartition("/")[2] == override.name

    def add(self, service: DetectedService) -> None:
        taken = [s.name for s in self.services] + [d.name for d in self.databases]
        self.services.append(replace(service, name=unique(service.name, taken)))

    def add_place(self, looked: Survey) -> None:
        """The service of a place, once for each process of its Procfile."""
        if looked.finding:
            self.warnings += looked.finding.warnings
        built = build_service(looked)
        processes = [] if looked.dockerfile else read_procfile(looked.place)
        for service in split(built, processes, looked.place):
            self.add(service)


def look(index: FolderIndex, said: tuple[Override, ...]) -> Scene:
    scene = Scene(index, said)
    scene.compose = read_compose(Place(index))
    if scene.compose:
        _add_compose(scene, scene.compose)
    covered = {service.path for service in scene.services if not service.image}
    if not covered:
        _add_places(scene)
    elif "." not in covered and _is_own_application(scene):
        scene.add_place(scene.root)
    _apply_overrides(scene)
    return scene


def _add_compose(scene: Scene, project: ComposeProject) -> None:
    for written in project.services.values():
        scene.declared[service_name(written.name)] = tuple(
            service_name(name) for name in compose.dependencies(written)
        )
        found = compose.database(project, written)
        if found:
            scene.databases.append(found)
            continue
        service = compose.service(project, written, scene.survey)
        if service.image is None and service.path == "." and not service.can_start:
            scene.warnings.append(f"service {written.name} has neither an image nor a folder here")
        scene.add(service)
    scene.warnings += project.warnings


def _is_own_application(scene: Scene) -> bool:
    """A server at the root that compose, which builds other folders, says nothing about."""
    finding = scene.root.finding
    return finding is not None and finding.role == "server"


def _add_places(scene: Scene) -> None:
    """The root, and the applications below it; a root that starts nothing gives way to them."""
    root = scene.root
    strong = _is_strong(root)
    below = [
        looked
        for place in candidate_places(root.place, is_application=strong)
        if _counts(looked := scene.survey(place), beside=root if strong else None)
    ]
    if _starts_all(root, below):
        scene.add_place(root)
        _take_after(scene, below)
        return
    if (strong or not below) and (root.finding or root.dockerfile):
        scene.add_place(root)
    for looked in below:
        scene.add_place(looked)


def _is_strong(root: Survey) -> bool:
    if root.dockerfile is not None:
        return True
    finding = root.finding
    if finding is None or finding.service_type == "unknown":
        return False
    return finding.role in {"server", "site"} or (
        finding.role == "program" and finding.package_manager is not None
    )


def _starts_all(root: Survey, below: list[Survey]) -> bool:
    """A workspace root with a start script of its own and at most one application to start."""
    finding = root.finding
    if finding is None or not workspace_patterns(root.place) or not finding.start_command:
        return False
    return len(below) < 2


def _take_after(scene: Scene, below: list[Survey]) -> None:
    """The root's start script starts its one application: port and framework are that one's."""
    member = below[0].finding if below else None
    service = scene.services[-1]
    if member is not None and service.port is None:
        scene.services[-1] = replace(
            service,
            process="web" if member.port else service.process,
            port=member.port,
            framework=service.framework or member.framework,
            health_endpoint=member.health_endpoint,
        )


def _counts(looked: Survey, *, beside: Survey | None) -> bool:
    """Whether a folder is an application. Beside one at the root, only clear cases are."""
    if not looked.is_deployable or _is_tool(looked):
        return False
    if beside is None or looked.dockerfile is not None:
        return beside is None or not _is_same_build(looked, beside)
    if beside.dockerfile is not None or _is_module(looked, beside):
        return False
    finding = looked.finding
    return finding is not None and finding.framework is not None and finding.role != "program"


def _is_same_build(looked: Survey, beside: Survey) -> bool:
    """`build/Dockerfile` builds the root from the root; its folder is no second application."""
    paths = {survey.dockerfile.path for survey in (looked, beside) if survey.dockerfile}
    return len(paths) == 1 and beside.dockerfile is not None


def _is_tool(looked: Survey) -> bool:
    """A package that only installs a command is somebody's tool, not a service."""
    finding = looked.finding
    if finding is None or looked.dockerfile is not None or finding.role != "program":
        return False
    return any(item.rule == "console-script" for item in finding.evidence)


def _is_module(looked: Survey, beside: Survey) -> bool:
    """A module that the root's own build makes."""
    languages = {s.finding.service_type for s in (looked, beside) if s.finding}
    return languages == {"java"} and looked.dockerfile is None


def _apply_overrides(scene: Scene) -> None:
    for override in scene.overrides:
        target = _target(scene, override)
        if target is None:
            path = override.path or "."
            new = build_service(scene.survey(Place(scene.index, path)), name=override.name)
            scene.add(overrides.apply(new, override, scene.index))
            continue
        at = scene.services.index(target)
        scene.services[at] = overrides.apply(target, override, scene.index)


def _target(scene: Scene, override: Override) -> DetectedService | None:
    """The service an override speaks about: by name, by its path, or the main one."""
    if override.name is not None:
        named = [s for s in scene.services if s.name == override.name]
        if named or override.path is None:
            return named[0] if named else None
        return None
    at = [s for s in scene.services if s.path == (override.path or ".")]
    web = [s for s in at if s.process == "web"]
    everything = scene.services if len(scene.services) == 1 else []
    return next(iter(web or at or everything), None)
