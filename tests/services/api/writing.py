"""Of every route that writes, a request that does: for tests made from the table of routes."""

from typing import Any

from tests.conftest import Api
from tests.services.api.test_uploads import FLASK
from tests.sources.archives import tar_gz_of

T = "teams/<key:team_id>"
S = f"{T}/services/<key:service_id>"
W = f"{T}/workspaces/<key:workspace_id>"
ARCHIVE = tar_gz_of(FLASK)
NEW_SERVICE = {"service": {"name": "new", "folder_path": "/", "workspace_id": "WORKSPACE"}}
# Of every route that writes, a request that does, and what it is called in the log.
REQUESTS: dict[tuple[str, str], tuple[Any, str]] = {
    ("post", "teams"): ({"name": "another"}, "team.create"),
    ("patch", T): ({"name": "renamed"}, "team.update"),
    ("post", f"{T}/leave"): ({}, "member.leave"),
    ("post", f"{T}/services"): (NEW_SERVICE, "service.create"),
    ("put", S): ({"service": {"name": "renamed"}}, "service.update"),
    ("patch", S): ({"service": {"name": "renamed"}}, "service.update"),
    ("delete", S): (None, "service.remove"),
    ("post", f"{S}/start"): ({}, "service.start"),
    ("post", f"{S}/stop"): ({}, "service.stop"),
    ("post", f"{S}/restart"): ({}, "service.restart"),
    ("post", f"{S}/scale"): ({"replica_count": 3}, "service.scale"),
    ("post", f"{S}/deploy"): ({}, "service.deploy"),
    ("post", f"{S}/rollback"): ({"release": 1}, "service.rollback"),
    ("patch", f"{S}/env"): ({"variables": {"A": "b"}}, "env.set"),
    ("post", f"{T}/workspaces"): ({"workspace": {"folder": "FOLDER"}}, "workspace.create"),
    ("post", f"{T}/workspaces/archive"): (ARCHIVE, "workspace.create"),
    ("post", f"{T}/workspaces/git"): ({"workspace": {"url": "GIT"}}, "workspace.create"),
    ("put", f"{T}/workspaces/SENT/archive"): (ARCHIVE, "workspace.replace"),
    ("post", f"{T}/workspaces/CLONED/refresh"): ({}, "workspace.refresh"),
    ("delete", f"{T}/workspaces/EMPTY"): (None, "workspace.remove"),
    ("post", f"{W}/analyze"): ({}, "workspace.analyze"),
    ("post", f"{W}/services"): (
        {"service": {"name": "new", "folder_path": "/"}},
        "service.create",
    ),
    ("post", f"{W}/deploy"): ({}, "workspace.deploy"),
    ("post", f"{T}/operations/<key:operation_id>/cancel"): ({}, "operation.cancel"),
    ("post", f"{T}/tokens"): ({"name": "ci"}, "token.create"),
    ("delete", f"{T}/tokens/<key:token_id>"): (None, "token.revoke"),
    ("post", f"{T}/clean"): ({}, "platform.clean"),
    ("put", f"{T}/image-mappings"): (
        {"source": "node:22", "target": "node:20"},
        "image_mapping.set",
    ),
    ("delete", f"{T}/image-mappings?source=old"): (None, "image_mapping.remove"),
    ("patch", f"{T}/members/<user:user_id>"): ({"role": "admin"}, "member.update"),
    ("delete", f"{T}/members/<user:user_id>"): (None, "member.remove"),
    ("post", f"{T}/invitations"): ({"role": "viewer"}, "invitation.create"),
    ("delete", f"{T}/invitations/<key:invitation_id>"): (None, "invitation.revoke"),
    ("post", "invitations/accept"): ({"token": "INVITED"}, "invitation.accept"),
    ("post", "sign-in-links"): ({}, "sign_in_link.create"),
}
SPECIAL = dict.fromkeys(("SENT", "CLONED", "EMPTY"), "<key:workspace_id>") | {"?source=old": ""}


def as_route(address: str) -> str:
    for special, plain in SPECIAL.items():
        address = address.replace(special, plain)
    return address


def body_of(method: str, address: str) -> Any:
    """What makes a write of it; `address` is a team's, without the team."""
    for (its_method, its_address), (body, _) in REQUESTS.items():
        if (its_method, as_route(its_address)) == (method, f"{T}{address}"):
            return body
    return {}


def ask(api: Api, method: str, url: str, body: Any, **headers: str) -> Any:
    options = {"content_type": "application/gzip"} if isinstance(body, bytes) else {}
    return getattr(api, method)(url, body, **options, **headers)


def filled(address: str, ids: dict[str, str]) -> str:
    for name, value in ids.items():
        address = address.replace(name, value)
    return address


def with_ids(body: Any, ids: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: with_ids(value, ids) for name, value in body.items()}
    return body if isinstance(body, bytes | None) else ids.get(body, body)
