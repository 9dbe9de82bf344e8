"""What a service's edges give it: addresses, users and passwords of the services it talks to.

Nothing of this is kept with the service: it is worked out when a release is written, from the
services that are there then, so a password that changes is the same on both sides.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

from detection import Analysis, DetectedService, EnvironmentVariable, to_json
from detection.connections import Connection
from detection.images import KIND
from services.lifecycle import ports
from services.lifecycle.logins import Login, login, password_names, unset_passwords
from services.lifecycle.proposals import proposed
from services.models import Service

HIDDEN = "****"
DECLARED_IN = ("compose", "kyozo.toml", "option")
_SCHEMES = {"postgresql": "postgresql", "clickhouse": "http", "http": "http"}
_OVER_HTTP = frozenset({"minio", "elasticsearch", "opensearch"})
_OTHERS = frozenset({"memcached", "kafka", "cassandra"})  # they have no addresses with a scheme


@dataclass(frozen=True, slots=True)
class _There:
    """The other end: what it is called on the team's network, where it listens, who gets in."""

    host: str
    port: int
    login: Login


def is_declared(variable: EnvironmentVariable, *, is_image: bool) -> bool:
    """Values of compose, kyozo.toml, options and ready images are meant for this very process;
    defaults that were read from code stay in the code."""
    is_meant = is_image or any(source in variable.evidence for source in DECLARED_IN)
    return variable.default is not None and is_meant


def connected(service: Service, found: Sequence[Connection]) -> dict[str, str]:
    """Values of the variables that lead to services of the same folder, as far as they are there
    and known."""
    others = {row.source_name: row for row in siblings(service)} if found else {}
    values = {}
    for connection in found:
        row = others.get(connection.target)
        there = _there(row, connection.kind) if row else None
        if there and (value := _value(connection, there)):
            values[connection.variable] = value
    return values


def siblings(service: Service) -> list[Service]:
    """The services of the same part of the same workspace; the folder knows their source names."""
    rows = Service.objects.visible_to(service.team).filter(
        workspace_id=service.workspace_id, detected_in=service.detected_in
    )
    return [row for row in rows if row.source_name]


def connected_secrets(
    service: Service, released: Mapping[str, str], *, others: Callable[[], Iterable[Service]]
) -> list[str]:
    """Passwords of `others` (its siblings, asked for if it talks to any) in the environment of a
    release, where those keep them secret. What a removed one kept secret is not known any more: its
    password counts as a secret."""
    found = [row for row in service.plan.get("connections", ()) if row["variable"] in released]
    rows = {row.source_name: row for row in others()} if found else {}
    return [
        password
        for one in found
        if (row := rows.get(one["target"])) is None or _is_secret(row, one["kind"])
        if (password := _password_in(one["part"], released[one["variable"]]))
    ]


def _is_secret(row: Service, kind: str) -> bool:
    names = password_names(kind, environment_of(row))
    return bool(set(names) & set(row.secret_names))


def _password_in(part: str, value: str) -> str:
    if part == "password":
        return value
    if part != "url":
        return ""
    try:
        return unquote(urlsplit(value).password or "")
    except ValueError:
        return ""


def give_passwords(service: Service, kind: str) -> bool:
    """A secret password for a database that nobody gave one and that does not start without; True
    when there was something to give. The same again after it was removed, because its data stays.
    """
    given = {name: _made(service, name) for name in unset_passwords(kind, environment_of(service))}
    service.environment = {**service.environment, **given}
    service.secret_names = sorted({*service.secret_names, *given})
    return bool(given)


def _made(service: Service, variable: str) -> str:
    """32 characters out of four kinds, as strict databases want them, none of which has a meaning
    in an address or to a shell. Bound to the workspace and to the place in it: whoever deploys the
    folder again meets the data that the first password was for, so nothing here may ever change."""
    workspace = service.workspace
    place = "\n".join((str(workspace.id), service.detected_in, service.source_name, variable))
    key = str(workspace.password_seed).encode()
    digest = hmac.new(key, f"kyozo.password\n{place}".encode(), hashlib.sha256).digest()
    text = base64.b32encode(digest).decode().rstrip("=").lower()
    return f"{text[:14]}-{text[14:28].upper()}-7z"


def shown(found: Sequence[Connection], analysis: Analysis) -> list[dict[str, Any]]:
    """As JSON with values, for people: with the names that the folder uses, without passwords."""
    ends = _ends(analysis)
    rows = []
    for one in found:
        row = dict(cast("dict[str, Any]", to_json(one)))
        value = _value(one, ends[one.target]) if one.target in ends else None
        rows.append({**row, "value": HIDDEN if one.part == "password" else value})
    return rows


def _ends(analysis: Analysis) -> dict[str, _There]:
    """The other ends as the folder itself describes them."""
    ends = {s.name: _There(s.name, s.port, Login()) for s in analysis.services if s.port}
    for found in analysis.databases:
        database = found if found.declared else proposed(found)
        given = {v.name: v.default for v in database.environment if v.default is not None}
        known = login(database.kind, given)
        has_password = known.password or unset_passwords(database.kind, given)
        known = replace(known, password=HIDDEN if has_password else known.password)
        if database.port:
            ends[database.name] = _There(database.name, database.port, known)
    return ends


def environment_of(service: Service) -> dict[str, str]:
    """What a service is started with, without what others give it."""
    planned = service.plan.get("environment", ())
    is_image = bool(service.plan.get("image"))
    variables = (EnvironmentVariable(**row) for row in planned)
    declared = {
        v.name: v.default
        for v in variables
        if is_declared(v, is_image=is_image) and v.default is not None
    }
    return {**declared, **service.environment}


def declared_names(service: DetectedService) -> frozenset[str]:
    is_image = service.image is not None
    return frozenset(v.name for v in service.environment if is_declared(v, is_image=is_image))


def _there(row: Service, kind: str) -> _There | None:
    port = row.plan.get("port")
    if row.process == "web":
        port = ports.http_port(row.port_mappings, process="web", port=port)
    return _There(row.name, port, login(kind, environment_of(row))) if port else None


def _value(connection: Connection, there: _There) -> str | None:
    """None where it needs a password that is not known here."""
    if connection.part == "url":
        return _url(connection, there)
    return {
        "address": f"{there.host}:{there.port}",
        "host": there.host,
        "port": str(there.port),
        "user": there.login.user,
        "password": there.login.password,
        "database": there.login.database,
    }[connection.part]


def _url(connection: Connection, there: _There) -> str | None:
    place = f"{there.host}:{there.port}"
    if connection.kind in _OTHERS:
        return place
    known = there.login
    if known.password is None:
        return None
    scheme = connection.scheme or _scheme(connection.kind)
    path = connection.path or (f"/{quote(known.database, safe='')}" if known.database else "")
    if connection.kind == "mongodb" and known.user:
        path = f"{path or '/'}?authSource=admin"
    if scheme.startswith("jdbc:") or connection.kind in {"http", "neo4j", *_OVER_HTTP}:
        return f"{scheme}://{place}{path}"
    return f"{scheme}://{_credentials(known)}{place}{path}"


def _scheme(kind: str) -> str:
    row = KIND.get(kind)
    return _SCHEMES.get(kind) or (row.schemes[0] if row and row.schemes else "http")


def _credentials(known: Login) -> str:
    if not known.user:
        return ""
    password = f":{quote(known.password, safe='*')}" if known.password else ""
    return f"{quote(known.user, safe='')}{password}@"
