"""All services of a folder, from every place that describes some: compose, root, subfolders."""

from dataclasses import dataclass, field, replace

from detection import compose, hosting, kubernetes, overrides
from detection.applications import (
    counts,
    is_strong,
    starts_all,
    take_after,
    without_libraries,
)
from detection.assemble import Survey, build_service, survey
from detection.compose_file import ComposeProject, read_compose
from detection.compose_mounts import mounts_all
from detection.development import forwarded
from detection.dockerfile import read_dockerfile
from detection.finding import Finding
from detection.hosting_databases import listed_databases
from detection.hosting_said import Said
from detection.images import image_name
from detection.index import FolderIndex
from detection.model import DetectedDatabase, DetectedService
from detection.modules import built_from_root, is_module, modules
from detection.naming import service_name, unique
from detection.overrides import Override
from detection.place import Place
from detection.procfile import hosted_processes, read_procfile, split
from detection.projects import candidate_places


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
    is_root_covered: bool = False
    """True where all that speaks for the root is what compose builds from folders below it."""

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

    def add_place(self, looked: Survey, *, root: Survey | None = None) -> None:
        """The service of a place, once for each process; `root` builds it where it is given."""
        if looked.finding and not looked.dockerfile:
            self.warnings += looked.finding.warnings
        built = self._as_hosted(build_service(looked), looked.place)
        if root is not None:
            built = built_from_root(built, root)
        processes = [] if looked.dockerfile else read_procfile(looked.place)
        processes = processes or hosted_processes(looked.place, alone=built)
        for service in split(built, processes, looked.place):
            self.add(service)
        if looked.finding and not processes and not looked.dockerfile:
            self._add_programs(built, looked.finding)

    def _add_programs(self, service: DetectedService, finding: Finding) -> None:
        for program in finding.programs:
            self.add(
                replace(
                    service,
                    name=service_name(program.name),
                    process="web" if program.port else "worker",
                    build_command=program.build_command,
                    port=program.port,
                    health_endpoint=None,
                )
            )

    def add_listed(self, said: Said) -> None:
        """A service that a file for another hosting platform lists, in a folder of its own."""
        place = Place(self.index, said.path)
        looked = self.survey(place)
        if said.dockerfile and place.has(said.dockerfile):
            looked = replace(looked, dockerfile=read_dockerfile(place, said.dockerfile))
        built = build_service(looked, name=service_name(said.name or "app"))
        hosted = hosting.apply(built, said, Place(self.index))
        if said.process != "web":
            hosted = replace(hosted, process=said.process, port=None, health_endpoint=None)
        self.add(hosted)

    def _as_hosted(self, service: DetectedService, place: Place) -> DetectedService:
        for said in hosting.read_hosting(place):
            if said.process == "web" and said.path == ".":
                service = hosting.apply(service, said, place)
        return forwarded(service, place)


def look(index: FolderIndex, said: tuple[Override, ...]) -> Scene:
    scene = Scene(index, said)
    scene.compose = read_compose(Place(index))
    if scene.compose:
        _add_compose(scene, scene.compose)
    covered = {service.path for service in scene.services if not service.image}
    scene.is_root_covered = bool(covered) and "." not in covered and not _is_own(scene, covered)
    if not covered:
        _add_places(scene)
    elif "." not in covered and not scene.is_root_covered:
        scene.add_place(scene.root)
    if not scene.compose:
        scene.databases += listed_databases(Place(index))
        _add_workloads(scene)
    _apply_overrides(scene)
    return scene


def _add_workloads(scene: Scene) -> None:
    workloads = kubernetes.read_workloads(Place(scene.index))
    scene.databases += kubernetes.databases(workloads, scene.services)
    scene.services = [kubernetes.apply(service, workloads) for service in scene.services]


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


def _is_own(scene: Scene, covered: set[str]) -> bool:
    """A server at the root that compose, which builds other folders, says nothing about."""
    finding = scene.root.finding
    if finding is None or finding.role != "server":
        return False
    images = (image_name(service.image) for service in scene.services if service.image)
    if not set(images).isdisjoint(scene.root.place.names.folders):
        # Its modules, published one by one.
        return False
    module = finding.build_facts.get("module") or finding.build_facts.get("member")
    if module and module in covered:
        # Its build makes what compose builds one by one.
        return False
    if scene.compose and any(mounts_all(written) for written in scene.compose.services.values()):
        return False
    # A source file below can speak for the root, too, where nothing at the root itself does.
    seen = [item.file for item in finding.evidence if item.weight > 0]
    return not all(file.startswith(tuple(f"{path}/" for path in covered)) for file in seen)


def _add_places(scene: Scene) -> None:
    """The root, and the applications below it; a root that starts nothing gives way to them."""
    root = scene.root
    listed = hosting.listed_services(root.place)
    for said in listed:
        scene.add_listed(said)
    if listed:
        return
    strong = is_strong(root)
    places = candidate_places(root.place, is_application=strong)
    looked_at = [scene.survey(place) for place in places]
    made = modules(root, looked_at)
    beside = root if strong else None
    if len(made) > 1:
        beside = None
        for looked in made:
            scene.add_place(looked, root=root)
        looked_at = [looked for looked in looked_at if not is_module(looked, root)]
    below = [looked for looked in looked_at if counts(looked, beside=beside)]
    below = without_libraries(below, root)
    if len(made) < 2:
        below = _add_root(scene, below, is_application=strong)
    for looked in below:
        scene.add_place(looked)


def _add_root(scene: Scene, below: list[Survey], *, is_application: bool) -> list[Survey]:
    """The root, where it counts; what is left to add of those below."""
    root = scene.root
    if starts_all(root, below):
        scene.add_place(root)
        scene.services[-1] = take_after(scene.services[-1], below)
        return []
    if (is_application or not below) and (root.finding or root.dockerfile):
        scene.add_place(root)
    return below


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
