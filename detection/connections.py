"""Edges as environment variables: which of a service's variables lead to whom, and with what in it.

A variable that the code reads goes before the name that is usual; what somebody wrote down for a
service (compose, kyozo.toml) is left as it is.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from detection.graph import host_of, named
from detection.images import KIND, database_of
from detection.model import (
    Analysis,
    DetectedService,
    Edge,
    EnvironmentVariable,
    Evidence,
)

Part = Literal["url", "address", "host", "port", "user", "password", "database"]

SQL = frozenset({"postgresql", "mysql", "mariadb", "sqlserver"})
# Read by a browser, in which no name of the team's network means anything.
_IN_PAGES = re.compile(r"^(?:VITE|NEXT_PUBLIC|REACT_APP|NUXT_PUBLIC|PUBLIC|EXPO_PUBLIC|GATSBY)_")
_PARTS: dict[Part, str] = {
    "url": "URL URI DSN ENDPOINT ORIGIN BACKEND",
    "address": "ADDR ADDRESS BROKER BROKERS SERVERS NODES HOSTS",
    "host": "HOST HOSTNAME SERVER",
    "port": "PORT",
    "user": "USER USERNAME",
    "password": "PASSWORD PASS PWD",
    "database": "DATABASE DB DBNAME NAME",
}
_PART_OF = {word: part for part, words in _PARTS.items() for word in words.split()}
# Names that say nothing of the kind: whichever SQL database, cache or queue a service has.
_ANY_SQL = re.compile(r"(?:DB|DATABASE|SQL|SQLALCHEMY|JDBC|SPRING_DATASOURCE)_(?:DATABASE_)?[A-Z]+")
_ANY_CACHE = re.compile(r"(?:CACHE|CELERY|BROKER|QUEUE|RQ|SESSION)_(?:[A-Z]+_)?(?:URL|URI|BACKEND)")
_BROKERS = ("rabbitmq", "redis", "valkey")
_LOCAL_URL = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]{0,40})://)?(?:[^@/\s]{0,500}@)?"
    r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|[A-Za-z0-9_.-]{1,255})(?::\d{1,5})?"
    r"(?P<path>/[^\s]{0,1000})?"
)
_PLAIN = {"https": "http", "wss": "ws"}
_FILES = ("sqlite", "file:")
# What a database of this kind is usually asked for by, and in which form.
_USUAL: dict[str, tuple[str, Part]] = {
    **dict.fromkeys(SQL, ("DATABASE_URL", "url")),
    "mongodb": ("MONGODB_URL", "url"),
    "redis": ("REDIS_URL", "url"),
    "valkey": ("REDIS_URL", "url"),
    "memcached": ("MEMCACHED_SERVERS", "address"),
    "rabbitmq": ("AMQP_URL", "url"),
    "kafka": ("KAFKA_BROKERS", "address"),
    "elasticsearch": ("ELASTICSEARCH_URL", "url"),
    "opensearch": ("OPENSEARCH_URL", "url"),
    "clickhouse": ("CLICKHOUSE_URL", "url"),
    "minio": ("MINIO_URL", "url"),
    "neo4j": ("NEO4J_URL", "url"),
    "cassandra": ("CASSANDRA_HOST", "host"),
}


@dataclass(frozen=True, slots=True)
class Connection:
    """`variable` holds one `part` of the way to `target`, which is of a `kind`: a database's, or
    http. In an address `scheme` and `path` are those of the code where it has any."""

    variable: str
    target: str
    kind: str
    part: Part
    scheme: str = ""
    path: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class _Target:
    edge: Edge
    kind: str

    @property
    def name(self) -> str:
        return self.edge.target


def connections(
    service: DetectedService, found: Analysis, *, declared: Collection[str] = ()
) -> tuple[Connection, ...]:
    """`declared` are variables of the service that somebody gave a value: they stay, and an edge
    that they serve needs no other."""
    targets = _targets(service, found)
    ports: dict[str, int | None] = {target.name: target.edge.port for target in targets}
    made: dict[str, Connection] = {}
    for variable in service.environment:
        if variable.name in declared or _IN_PAGES.match(variable.name):
            continue
        target = _target(variable, targets, ports)
        part = part_of(variable.name)
        if target and part and _fits(part, target.kind):
            made[variable.name] = _connection(variable, target, part)
    served = {c.target for c in made.values() if c.part in {"url", "address", "host"}}
    served |= {
        host
        for v in service.environment
        if v.name in declared and (host := host_of(v.default, ports))
    }
    if service.image is None and service.output_directory is None:
        for target in targets:
            if target.name not in served:
                _add_usual(made, target, {v.name for v in service.environment})
    return tuple(made[name] for name in sorted(made))


def _is_jdbc(variable: EnvironmentVariable) -> bool:
    """Java's own form, whose user and password are said beside it."""
    is_of_spring = variable.name.startswith(("SPRING_DATASOURCE_", "JDBC_"))
    return is_of_spring or (variable.default or "").startswith("jdbc:")


def part_of(variable: str) -> Part | None:
    """What a variable holds, by how its name ends."""
    if variable.endswith("CONNECTION_STRING"):
        return "url"
    word = variable.rpartition("_")[2]
    return _PART_OF.get(word) or _PART_OF.get(word.removeprefix("PG"))


def _targets(service: DetectedService, found: Analysis) -> list[_Target]:
    """Those at the end of its edges that listen."""
    databases = {database.name: database for database in found.databases}
    kinds = {name: database.kind for name, database in databases.items()}
    for other in found.services:
        row = database_of(other.image) if other.image else None
        kinds[other.name] = row.kind if row else "http"
    mine = (edge for edge in found.edges if edge.source == service.name)
    return [
        _Target(edge, kinds[edge.target])
        for edge in mine
        if edge.target in kinds and edge.port and _listens(edge.target, databases, found.services)
    ]


def _listens(name: str, databases: Collection[str], services: Iterable[DetectedService]) -> bool:
    return name in databases or any(s.name == name and s.process == "web" for s in services)


def _target(
    variable: EnvironmentVariable, targets: list[_Target], ports: dict[str, int | None]
) -> _Target | None:
    """Whom a variable means: by its value, by its name, by the only one of a kind."""
    if (variable.default or "").startswith(_FILES) or _is_bound(variable):
        return None
    name = host_of(variable.default, ports) or named(variable, ports)
    if name:
        return next(target for target in targets if target.name == name)
    if _leads_elsewhere(variable):
        return None
    by_kind = [t for t in targets if _is_of_kind(variable.name, t.kind)]
    return by_kind[0] if len(by_kind) == 1 else _any(variable.name, targets)


def _is_bound(variable: EnvironmentVariable) -> bool:
    """Where the program itself listens, not whom it talks to."""
    return (variable.default or "") in {"0.0.0.0", "::"}  # noqa: S104 - looked for, not used


def _leads_elsewhere(variable: EnvironmentVariable) -> bool:
    """A default that is an address of another machine was meant."""
    value = variable.default or ""
    is_address = part_of(variable.name) in {"url", "address", "host"} and "." in value
    return is_address and not re.search(r"(?:^|//|@)(?:127\.|0\.0\.0\.0)", value)


def _is_of_kind(variable: str, kind: str) -> bool:
    row = KIND.get(kind)
    same = KIND.get({"mariadb": "mysql", "valkey": "redis"}.get(kind, ""))
    patterns = [one.variables for one in (row, same) if one and one.variables]
    if variable.startswith("DATABASE_"):
        return False  # of any SQL database
    return any(re.match(pattern, variable) for pattern in patterns)


def _any(variable: str, targets: list[_Target]) -> _Target | None:
    stores = [target for target in targets if target.kind in SQL]
    stores = stores or [target for target in targets if target.kind == "mongodb"]
    if _ANY_SQL.fullmatch(variable) and len(stores) == 1:
        return stores[0]
    if _ANY_CACHE.fullmatch(variable):
        order = [target for kind in _BROKERS for target in targets if target.kind == kind]
        if variable.startswith(("CACHE", "SESSION")) or variable.endswith("RESULT_BACKEND"):
            order = [target for target in order if target.kind != "rabbitmq"]
        return order[0] if order else None
    return None


def _fits(part: Part, kind: str) -> bool:
    """A user or a database of something that has none says nothing."""
    if kind in SQL | {"mongodb", "clickhouse"}:
        return True
    has_login = kind in {"rabbitmq", "minio", "neo4j"}
    return part in {"url", "address", "host", "port"} or (has_login and part != "database")


def _connection(variable: EnvironmentVariable, target: _Target, part: Part) -> Connection:
    default = variable.default or ""
    written = _LOCAL_URL.fullmatch(default) if part == "url" else None
    scheme = (written["scheme"] if written else None) or ""
    path = (written["path"] if written else None) or ""
    if part == "url" and _is_jdbc(variable):
        scheme = f"jdbc:{target.kind}"
    elif part == "url" and default and not scheme:
        part = "address"  # the code puts the rest around it
    file, _, line = variable.evidence.rpartition(":")
    if not (file and line.isdecimal()):
        file, line = variable.evidence, ""
    said = f"reads {variable.name}, which leads to {target.name}"
    reason = Evidence("connection", file, said, 0.8, int(line[:9]) if line else None)
    return Connection(
        variable.name,
        target.name,
        target.kind,
        part,
        _PLAIN.get(scheme, scheme),
        path if target.kind == "http" else "",
        (reason, *target.edge.evidence),
    )


def _add_usual(made: dict[str, Connection], target: _Target, taken: Collection[str]) -> None:
    """The name that such a thing is usually asked for by, unless it says something else here."""
    own = re.sub(r"[^A-Z0-9]+", "_", target.name.upper()).strip("_")
    variable, part = _USUAL.get(target.kind, (f"{own}_URL", "url"))
    if variable not in made and variable not in taken and re.match(r"[A-Z_]", variable):
        made[variable] = Connection(
            variable, target.name, target.kind, part, evidence=target.edge.evidence
        )
