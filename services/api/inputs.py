"""Request bodies as tables: which fields each may have, and what each must be."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request

from services.api.body import Body
from services.lifecycle.deploy import DeployOptions
from services.lifecycle.update import without_nulls
from services.models.checks import (
    Check,
    ComplaintError,
    choice,
    flag,
    list_of,
    optional,
    takes,
    text,
    whole,
)
from services.models.config import (
    ENVIRONMENT,
    IMAGE,
    NAME,
    OVERRIDES,
    PLAIN,
    SECRET_NAMES,
    SERVICE,
    folder_path,
)
from services.models.times import instant
from services.teams.models import Role, Scope
from services.teams.policy import as_uuid

# Answers can be sent back as they came: what only we decide is read over, not refused.
READ_ONLY = frozenset(
    {
        "id", "status", "status_reason", "status_detail", "deployment_status", "health_status",
        "observed_at", "container_id", "image_id", "release", "process", "detection_confidence",
        "depends_on", "overrides", "warnings", "urls", "has_pending_changes", "created_at",
        "updated_at", "deployed_at", "stopped_at", "team_id", "workspace", "team",
        "deployment_events", "health_checks",
    }
)  # fmt: skip

COLUMNS = {"environment_variables": "environment", "secret_variables": "secret_names"}


@takes({"type": "string", "format": "uuid"})
def an_id(value: Any) -> Any:
    """An id that is none names nothing, as one of others does: both are not found."""
    if not isinstance(value, str):
        raise ComplaintError("must be a string", is_shape=True)
    return as_uuid(value) or UUID(int=0)


@takes({"type": "string", "format": "date-time"})
def future(value: Any) -> datetime:
    try:
        at = instant(str(text(most=40)(value)))
    except ValueError as exc:
        raise ComplaintError("must be a date and time such as 2030-01-31T12:00:00Z") from exc
    if at <= timezone.now():
        raise ComplaintError("must lie in the future")
    return at


ABSOLUTE = text(pattern=r"/[^\x00]*", rule="must be an absolute path such as /srv/app")


@takes(ABSOLUTE.schema)
def absolute_folder(value: Any) -> Path:
    return Path(ABSOLUTE(value))


def _service(table: dict[str, Check], *, required: Collection[str] = ()) -> Body:
    ignored = (READ_ONLY | {"workspace_id"}) - set(table)
    message = "Service validation failed"
    return Body(table, required=required, ignored=ignored, inside="service", message=message)


NEW = ("name", "folder_path")
OPTIONS: dict[str, Check] = dict.fromkeys(("force", "no_cache", "pull", "accept_version"), flag)
NEW_SERVICE = _service(SERVICE | {"workspace_id": an_id}, required=NEW)
FROM_WORKSPACE = _service(SERVICE | {"auto_deploy": flag}, required=NEW)
CHANGED_SERVICE = _service(SERVICE)
NOTHING = Body({})
SCALE = Body({"replica_count": whole(0, 100)}, required=["replica_count"])
DEPLOY = Body(OPTIONS | {"overrides": OVERRIDES})
ROLLBACK = Body({"release": optional(whole(1, 2**31 - 1))})
VARIABLES = Body({"variables": ENVIRONMENT, "secret_variables": SECRET_NAMES})
WORKSPACE = Body(
    {"name": PLAIN, "folder": absolute_folder}, required=["folder"], inside="workspace"
)
CREDENTIAL: dict[str, Check] = {
    "username": text(pattern=r"[A-Za-z0-9._@+-]{1,100}", rule="is no name of a user"),
    "token": text(pattern=r"[\x21-\x7e]{1,2000}", rule="must be one word of ASCII"),
    "deploy_key": text(
        most=16384,
        pattern=r"\s*-----BEGIN [A-Z ]*PRIVATE KEY-----[\x20-\x7e\r\n]+\s*",
        rule="must be a private key, from its BEGIN to its END line",
    ),
}
REF: dict[str, Check] = {
    "ref": text(most=250),
    "host_key": text(
        pattern=r"SHA256:[A-Za-z0-9+/]{43}",
        rule="must be a fingerprint such as SHA256:... with 43 letters and digits",
    ),
}
GIT_WORKSPACE = Body(
    {"name": PLAIN, "url": text(most=2000)} | REF | CREDENTIAL,
    required=["url"],
    inside="workspace",
)
REFRESH = Body(REF | CREDENTIAL)
ANALYSE = Body({"folder_path": folder_path, "overrides": OVERRIDES})
DEPLOY_FOLDER = Body(
    OPTIONS
    | {
        "folder_path": folder_path,
        "only": list_of(text(most=200), most=50),
        "with_databases": flag,
        "overrides": OVERRIDES,
        "name": NAME,
    }
)
TOKEN = Body(
    {
        "name": PLAIN,
        "scope": choice([scope.value for scope in Scope]),
        "expires_at": optional(future),
        "workspace_id": optional(an_id),
    },
    required=["name"],
)
NEW_TEAM = Body({"name": PLAIN, "token_name": PLAIN}, required=["name"])
TEAM = Body({"name": PLAIN}, required=["name"])
A_ROLE: dict[str, Check] = {"role": choice([role.value for role in Role])}
ROLE = Body(A_ROLE, required=["role"])
EMAIL = text(most=254, pattern=r"[!-?A-~]+@[!-?A-~]+", rule="must be an address in ASCII")
INVITATION = Body(A_ROLE | {"email": EMAIL, "expires_at": optional(future)}, required=["role"])
INVITED: dict[str, Check] = {"token": text(most=200)}
ACCEPT = Body(INVITED, required=["token"])
ACCEPT_AS_NEWCOMER = Body(
    INVITED
    | {
        "username": text(
            pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
            rule="must be letters, digits, dots, dashes and underscores, at most 100",
        ),
        "password": text(most=1000),
    },
    required=["token"],
)
CLEAN = Body({"dry_run": flag})
MAPPING = Body({"source": IMAGE, "target": IMAGE}, required=["source", "target"])


def service_fields(request: Request, body: Body) -> dict[str, Any]:
    """The fields of a service that were sent, by the names of our columns."""
    return {COLUMNS.get(name, name): value for name, value in body.read(request).items()}


def new_service_fields(request: Request, body: Body) -> dict[str, Any]:
    fields = service_fields(request, body)
    if "environment" in fields:
        fields["environment"] = without_nulls(fields["environment"])
    return fields


def deploy_options(fields: dict[str, Any]) -> DeployOptions:
    return DeployOptions(**{name: fields[name] for name in OPTIONS if name in fields})
