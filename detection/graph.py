"""Who talks to whom: edges from what is written, databases the code asks for, clusters."""

import re

from detection.images import DATABASES, KIND, DatabaseKind
from detection.index import FolderIndex
from detection.model import (
    Cluster,
    ClusterType,
    DetectedDatabase,
    DetectedService,
    Edge,
    EnvironmentVariable,
    Evidence,
)
from detection.naming import service_name
from detection.proxies import addresses

_URL_HOST = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?(?:[^@/\s]*@)?([A-Za-z0-9][A-Za-z0-9_.-]*)(?::(\d+))?(?:[/?].*)?"
)
# A default that is a file needs no server.
_FILES = ("sqlite", "file:")
# USERS_URL, CART_SERVICE_ADDR, VITE_API_BASE_URL: whom a variable is about.
_ABOUT = re.compile(
    r"(?:VITE|NEXT_PUBLIC|REACT_APP|NUXT_PUBLIC|NUXT|PUBLIC|EXPO_PUBLIC|GATSBY)?_?(\w+?)"
    r"(?:_(?:SERVICE|SVC|SERVER|BASE|INTERNAL|HTTP|GRPC|API))*"
    r"_(?:URL|URI|HOST|HOSTNAME|ADDR|ADDRESS|ENDPOINT|ORIGIN)"
)
_LOCAL = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0)\b")
Dependencies = dict[str, frozenset[str]]


def needed_databases(
    services: tuple[DetectedService, ...],
    declared: tuple[DetectedDatabase, ...],
    dependencies: Dependencies,
) -> tuple[DetectedDatabase, ...]:
    """Databases that nobody declares, where a driver and a variable for its address agree."""
    present = {database.kind for database in declared}
    if "mariadb" in present:
        present.add("mysql")
    found: dict[str, DetectedDatabase] = {}
    for service in services:
        for row in DATABASES:
            variable = _asks_for(service, row, dependencies.get(service.path, frozenset()))
            if variable and row.kind not in present:
                evidence = Evidence(
                    "driver-and-url", variable.evidence, f"reads {variable.name}", 0.7
                )
                reasons = (evidence, *_licence(row))
                found.setdefault(
                    row.kind,
                    DetectedDatabase(row.kind, row.kind, port=row.port, evidence=reasons),
                )
    return tuple(found.values())


def _licence(row: DatabaseKind) -> tuple[Evidence, ...]:
    return (Evidence("licence", "", row.licence),) if row.licence else ()


def _asks_for(
    service: DetectedService, row: DatabaseKind, dependencies: frozenset[str]
) -> EnvironmentVariable | None:
    if not has_driver(row, dependencies) or not row.variables:
        return None
    asked = (v for v in service.environment if re.match(row.variables, v.name))
    return next((v for v in asked if not (v.default or "").startswith(_FILES)), None)


def has_driver(row: DatabaseKind, dependencies: frozenset[str]) -> bool:
    """Whether a dependency is a driver; Go modules have host and version around the name."""
    if row.drivers & dependencies:
        return True
    paths = [driver for driver in row.drivers if "/" in driver and not driver.startswith("@")]
    return any(path in name for name in dependencies for path in paths)


def edges(
    services: tuple[DetectedService, ...],
    databases: tuple[DetectedDatabase, ...],
    declared: dict[str, tuple[str, ...]],
    *,
    file: str,
    index: FolderIndex,
) -> tuple[Edge, ...]:
    """`declared` is what the compose `file` says of who waits for whom; addresses give the rest."""
    ports = {s.name: s.port for s in services} | {d.name: d.port for d in databases}
    found: dict[tuple[str, str], Edge] = {}
    for source, targets in declared.items():
        for target in targets:
            if target in ports and source in ports and source != target:
                reason = Evidence("depends-on", file, f"{source} depends on {target}", 0.95)
                found[source, target] = Edge(source, target, "depends_on", ports[target], (reason,))
    for service in services:
        for edge in [*_addressed(service, ports, databases), *_proxied(index, service, services)]:
            found.setdefault((edge.source, edge.target), edge)
    return tuple(found[pair] for pair in sorted(found))


def _addressed(
    service: DetectedService, ports: dict[str, int | None], databases: tuple[DetectedDatabase, ...]
) -> list[Edge]:
    """Edges from the values of environment variables that name another service."""
    found: list[Edge] = []
    for variable in service.environment:
        target = (
            host_of(variable.default, ports)
            or _proposed(variable, databases)
            or named(variable, ports)
        )
        if target and target != service.name:
            reason = Evidence("address", variable.evidence, f"{variable.name} names {target}", 0.8)
            found.append(Edge(service.name, target, "connects_to", ports[target], (reason,)))
    return found


def _proxied(
    index: FolderIndex, service: DetectedService, services: tuple[DetectedService, ...]
) -> list[Edge]:
    """Edges from proxy settings: by name, or by the port where they say localhost."""
    if len(services) < 2:
        return []
    found: list[Edge] = []
    for address in addresses(index, service):
        for other in services:
            by_port = address.is_local and address.port == other.port and other.port is not None
            is_meant = by_port or service_name(address.host) == other.name
            if is_meant and other is not service and other.process == "web":
                where = f"{address.host}:{address.port}" if address.port else address.host
                reason = Evidence("proxy", address.file, f"passes requests on to {where}", 0.8)
                found.append(Edge(service.name, other.name, "connects_to", other.port, (reason,)))
    return found


def host_of(value: str | None, ports: dict[str, int | None]) -> str | None:
    """The service that an address or a bare name leads to, if it is one of `ports`."""
    match = _URL_HOST.fullmatch(value.strip()) if value and len(value) < 2000 else None
    if not match:
        return None
    host = match[1].lower().replace("_", "-").replace(".", "-")
    return host if host in ports else None


def named(variable: EnvironmentVariable, ports: dict[str, int | None]) -> str | None:
    """The service a variable is named after, where its value says nothing else."""
    match = _ABOUT.fullmatch(variable.name)
    if not match or not _LOCAL.match(variable.default or "localhost"):
        return None
    name = match[1].lower().replace("_", "-")
    return next((n for n in (name, f"{name}-service", f"{name}service") if n in ports), None)


def _proposed(variable: EnvironmentVariable, databases: tuple[DetectedDatabase, ...]) -> str | None:
    """A database nobody declared is reached by the variable it was proposed for."""
    for database in databases:
        row = KIND.get(database.kind)
        if row and not database.declared and re.match(row.variables or "^$", variable.name):
            return database.name
    return None


def clusters(
    services: tuple[DetectedService, ...], databases: tuple[DetectedDatabase, ...]
) -> tuple[Cluster, ...]:
    """Services and databases by what they are for."""
    members: dict[ClusterType, list[str]] = {}
    for service in services:
        members.setdefault("microservice", []).append(service.name)
    for database in databases:
        row = KIND.get(database.kind)
        members.setdefault(row.cluster if row else "database", []).append(database.name)
    return tuple(Cluster(kind, tuple(names)) for kind, names in members.items())
