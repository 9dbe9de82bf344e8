"""Workspaces from git: one commit of a repository, and another one when somebody asks."""

import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from services import audit
from services.errors import ForbiddenError, InvalidError
from services.lifecycle.deploy import deploy_change
from services.lifecycle.plan import folder_of
from services.lifecycle.trees import MIB, Holding, holding
from services.lifecycle.workspaces import (
    create,
    lock,
    lock_with_services,
    made_before,
    other_source,
    slug,
    source_of,
)
from services.models import Operation, Service, StorageBackend, WantedState, Workspace
from services.sources.git import Commit, Credential, Way, fetch_commit
from services.sources.git_address import Repository, check_ref, parse
from services.sources.git_run import GitLimits
from services.sources.git_ssh import HostKey, read_key
from services.sources.ignore import Ignore
from services.sources.roots import resolve_folder
from services.sources.snapshot import read_content
from services.teams.models import Team


@dataclass(frozen=True, slots=True)
class GitSource:
    """What somebody says of a repository; empty parts of a credential are not there. `host` is for
    ssh: which key its server must have."""

    url: str
    ref: str = ""
    credential: Credential = field(default_factory=Credential)
    host: HostKey = field(default_factory=HostKey)


@dataclass(slots=True)
class Refreshed:
    """`operations` are the deploys that the new content brought about."""

    workspace: Workspace
    is_changed: bool
    operations: list[Operation] = field(default_factory=list)


def from_git(
    team: Team, source: GitSource, *, name: str = "", may_be_local: bool, key: UUID | None = None
) -> Workspace:
    """A new workspace with one commit of a repository; with a `key` that one, which may be there.
    Only who rules over the machine may name a repository that lies on it."""
    repository = _repository(source, may_be_local=may_be_local)
    key = key or uuid4()
    with holding(key) as held:
        if there := made_before(team, key):
            return there
        try:
            base = name or _name_in(source.url)
            root, found = _fetched(held, repository, source, slug(base))
            return create(
                team,
                key,
                base,
                root=str(root),
                storage_backend=StorageBackend.GIT,
                git_url=source.url,
                git_ref=source.ref,
                git_commit=found.commit,
                git_credential=asdict(source.credential),
                git_host_key=found.host_key,
            )
        except BaseException:
            shutil.rmtree(held.place, ignore_errors=True)
            raise


def refresh(
    workspace: Workspace,
    *,
    actor: str,
    ref: str | None = None,
    credential: Credential | None = None,
    host_key: str = "",
) -> Refreshed:
    """The commit that the branch has now, or another `ref` from now on. Services with auto_deploy
    whose folder changed are deployed. `host_key` is the fingerprint of an ssh server's new key."""
    if workspace.storage_backend != StorageBackend.GIT:
        raise other_source(workspace, fix="only a workspace from git can be refreshed")
    source = GitSource(
        url=workspace.git_url,
        ref=workspace.git_ref if ref is None else ref,
        credential=credential or Credential(**workspace.git_credential),
        host=HostKey(known=workspace.git_host_key, wanted=host_key),
    )
    repository = _repository(source, may_be_local=True)
    with holding(workspace.id) as held:
        with transaction.atomic():
            lock(workspace)
            workspace.refresh_from_db()
        name = Path(workspace.root).name
        root, found = _fetched(held, repository, source, name)
        is_changed = found.commit != workspace.git_commit
        before = _digests(workspace) if is_changed else {}
        had = source_of(workspace)
        workspace.root, workspace.git_commit = str(root), found.commit
        workspace.git_ref, workspace.git_credential = source.ref, asdict(source.credential)
        workspace.git_host_key = found.host_key
        with transaction.atomic():
            lock_with_services(workspace)
            workspace.save()
            _note(workspace, had, is_new_credential=credential is not None)
            changed = _changed(workspace, before) if is_changed else []
            operations = _deploys(changed, actor=actor)
        held.clear(keep=root)
    return Refreshed(workspace, is_changed, operations)


def _note(workspace: Workspace, had: dict[str, Any], *, is_new_credential: bool) -> None:
    has = source_of(workspace) | ({"credential": "changed"} if is_new_credential else {})
    audit.note(workspace, action="workspace.refresh", before=had, after=has)


def _name_in(url: str) -> str:
    return slug(url.rstrip("/").removesuffix("/.git").rpartition("/")[2].removesuffix(".git"))


def _fetched(
    held: Holding, repository: Repository, source: GitSource, name: str
) -> tuple[Path, Commit]:
    with held.making() as made:
        found = fetch_commit(
            repository,
            made / name,
            ref=source.ref,
            credential=source.credential,
            way=_way(),
            host=source.host,
        )
    return made.with_suffix("") / name, found


def _way() -> Way:
    limits = GitLimits(settings.KYOZO["GIT_S"], settings.KYOZO["GIT_MB"] * MIB)
    return Way(settings.KYOZO["GIT_NETWORKS"], settings.KYOZO["GIT_CA_FILE"], limits)


def _repository(source: GitSource, *, may_be_local: bool) -> Repository:
    check_ref(source.ref)
    if source.url.startswith("/"):
        return _local(source.url, may_be_local=may_be_local)
    repository = parse(source.url)
    said = asdict(source.credential) | {"host_key": source.host.wanted}
    unfit = ("deploy_key", "host_key") if repository.scheme == "https" else ("token",)
    if given := [name for name in unfit if said[name]]:
        raise InvalidError(
            f"a {given[0]} does not fit an address of {repository.scheme}",
            code="git.url_refused",
            details={given[0]: [f"is not for {repository.scheme}"]},
            fix="a token goes with https, a deploy key and the key of a host with ssh",
        )
    if source.credential.deploy_key:
        read_key(source.credential.deploy_key)  # said before anything is fetched
    return repository


def _local(path: str, *, may_be_local: bool) -> Repository:
    if not may_be_local:
        raise ForbiddenError(
            "Only an administrator may name a repository on this machine",
            fix="give an address of https or ssh, or ask an administrator",
        )
    roots, home = settings.KYOZO["FOLDER_ROOTS"], settings.KYOZO["HOME"]
    folder = resolve_folder(path, roots=roots, state_dir=home)
    return Repository(f"file://{quote(str(folder))}", "file")


def _services(workspace: Workspace) -> list[Service]:
    """Those that deploy by themselves; what a person stopped stays stopped."""
    rows = Service.objects.visible_to(workspace.team).filter(workspace=workspace)
    rows = rows.exclude(wanted_state=WantedState.STOPPED).select_related("workspace")
    return [row for row in rows if row.deployment_config.get("auto_deploy")]


def _digests(workspace: Workspace) -> dict[str, str]:
    """What each folder that services were found in holds now; nothing where it is gone."""
    return {row.detected_in: _digest(workspace, row.detected_in) for row in _services(workspace)}


def _digest(workspace: Workspace, folder_path: str) -> str:
    try:
        return read_content(folder_of(workspace, folder_path), ignore=Ignore()).digest
    except InvalidError:
        return ""


def _changed(workspace: Workspace, before: dict[str, str]) -> list[Service]:
    after = _digests(workspace)
    rows = _services(workspace)
    return [row for row in rows if before.get(row.detected_in) != after[row.detected_in]]


def _deploys(services: list[Service], *, actor: str) -> list[Operation]:
    """Each after those it needs; a folder's services are kept in the order of its first deploy."""
    queued: dict[str, Operation] = {}
    for service in services:
        after = [queued[name] for name in service.depends_on if name in queued]
        if operation := deploy_change(service, actor=actor, after=after):
            queued[service.source_name] = operation
    return list(queued.values())
