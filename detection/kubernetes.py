"""What Kubernetes manifests say about services that are built here: ports, variables, databases."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from detection import values
from detection.images import database_of, image_name, image_version
from detection.model import DetectedDatabase, DetectedService, EnvironmentVariable, Evidence
from detection.naming import service_name
from detection.parsing import ParseError, parse_yaml_all
from detection.place import Place

_FOLDERS = (
    ".",
    "k8s",
    "kubernetes",
    "kubernetes-manifests",
    "manifests",
    "kube",
    ".k8s",
    "deploy",
    "deployment",
    "deploy/kubernetes",
    "deploy/k8s",
    "kustomize/base",
    "infra/k8s",
)
_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Pod", "CronJob", "Job"})
_MAX_FILES = 60


@dataclass(frozen=True, slots=True)
class Workload:
    """The first container of a workload, with the file that declares it."""

    name: str
    file: str
    image: str
    port: int | None
    environment: tuple[EnvironmentVariable, ...]


def read_workloads(place: Place) -> list[Workload]:
    found: dict[str, Workload] = {}
    for file in _files(place):
        text = place.source(file)
        if "apiVersion" not in text or "{{" in text:
            continue
        try:
            documents = parse_yaml_all(text)
        except ParseError:
            # Half a document, or a template: as evidence it is only one of many.
            continue
        for document in documents:
            workload = _workload(document, place.full(file))
            if workload:
                found.setdefault(workload.name, workload)
    return list(found.values())


def _files(place: Place) -> list[str]:
    found: list[str] = []
    for folder in _FOLDERS:
        listed = place.index.directory(place.full(folder) if folder != "." else place.path).files
        prefix = "" if folder == "." else f"{folder}/"
        found += [prefix + name for name in listed if name.endswith((".yaml", ".yml"))]
    return found[:_MAX_FILES]


def _workload(document: object, file: str) -> Workload | None:
    if values.text(document, "kind") not in _KINDS:
        return None
    name = values.text(document, "metadata", "name")
    container = next(_containers(document), None)
    if name is None or container is None:
        return None
    ports = (
        values.number(values.dig(port, "containerPort"))
        for port in values.items(container, "ports")
    )
    return Workload(
        service_name(name),
        file,
        values.text(container, "image") or "",
        next((port for port in ports if port), None),
        tuple(_environment(container, file)),
    )


def _containers(document: object) -> Iterator[object]:
    spec = values.table(document, "spec")
    for pod in (
        values.table(spec, "template", "spec"),
        values.table(spec, "jobTemplate", "spec", "template", "spec"),
        spec,
    ):
        yield from values.items(pod, "containers")


def _environment(container: object, file: str) -> Iterator[EnvironmentVariable]:
    """Plain values only: what comes from a secret is required, and not written here."""
    for item in values.items(container, "env"):
        name = values.text(item, "name")
        if name:
            value = values.text(item, "value")
            yield EnvironmentVariable(name, value is None, value, file)


def databases(
    workloads: list[Workload], services: list[DetectedService]
) -> Iterator[DetectedDatabase]:
    """Workloads that run a database's image and are not built here."""
    built = {service.name for service in services}
    for workload in workloads:
        kind = database_of(workload.image) if workload.image else None
        if kind and workload.name not in built:
            detail = f"image {workload.image}"
            yield DetectedDatabase(
                kind.kind,
                workload.name,
                image_version(workload.image),
                declared=True,
                image=workload.image,
                port=workload.port or kind.port,
                environment=workload.environment,
                evidence=(Evidence("kubernetes", workload.file, detail, 0.8),),
            )


def apply(service: DetectedService, workloads: list[Workload]) -> DetectedService:
    """The service with the port and the variables of the workload that runs it."""
    workload = next((w for w in workloads if _runs(w, service)), None)
    if workload is None:
        return service
    known = {variable.name: variable for variable in service.environment}
    for variable in workload.environment:
        if variable.name != "PORT":
            known[variable.name] = variable
    evidence = Evidence("kubernetes", workload.file, f"workload {workload.name}", 0.6)
    # A pod that names no port is asked by nobody, unless the code itself says where it listens.
    port = workload.port or (service.port if _is_seen(service) else None)
    return replace(
        service,
        port=port,
        process="web" if port else "worker",
        health_endpoint=service.health_endpoint if port else None,
        environment=tuple(known.values()),
        evidence=(*service.evidence, evidence),
    )


def _is_seen(service: DetectedService) -> bool:
    return not service.dockerfile_path or any(e.rule == "port-in-code" for e in service.evidence)


def _runs(workload: Workload, service: DetectedService) -> bool:
    return service.name in {workload.name, service_name(image_name(workload.image))}
