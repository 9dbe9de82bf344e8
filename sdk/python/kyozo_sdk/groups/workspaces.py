"""Folders with code in them: registered, uploaded, or from git."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from kyozo_sdk.groups.group import Group, M, done, one
from kyozo_sdk.models import (
    Analysis,
    File,
    FileContent,
    FolderDeploy,
    RefreshedWorkspace,
    Service,
    ServiceDetail,
    Workspace,
)
from kyozo_sdk.modes import operation
from kyozo_sdk.packing import Source, archive_of
from kyozo_sdk.pages import Listing, all_pages, one_page
from kyozo_sdk.request import Ref, Request, at, get, given, new_key, post, query

UPLOAD_S = 600.0  # what was sent is unpacked before the answer


class Workspaces(Group[M]):
    """`api.workspaces`."""

    def _list(
        self,
        *,
        storage_backend: str | None = None,
        search: str | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[Workspace]:
        """The team's workspaces. `search` looks in the name."""
        asked = {
            "storage_backend": storage_backend,
            "search": search,
            "sort_by": sort_by,
            "sort_order": sort_order,
            "limit": limit,
            "after": after,
        }
        return Listing(Workspace, "/workspaces", asked)

    list = one_page(_list)
    iterate = all_pages(_list)

    def _list_services(
        self,
        workspace: Ref,
        *,
        status: str | None = None,
        service_type: str | None = None,
        search: str | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[Service]:
        """The services of a workspace."""
        asked = {
            "status": status,
            "service_type": service_type,
            "search": search,
            "sort_by": sort_by,
            "sort_order": sort_order,
            "limit": limit,
            "after": after,
        }
        return Listing(Service, at("/workspaces/{}/services", workspace), asked)

    list_services = one_page(_list_services)
    iterate_services = all_pages(_list_services)

    def _list_files(
        self,
        workspace: Ref,
        *,
        path: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[File]:
        """What lies in a folder of a workspace. Files of secrets are as if not there."""
        asked = {"path": path, "limit": limit, "after": after}
        return Listing(File, at("/workspaces/{}/files", workspace), asked)

    list_files = one_page(_list_files)
    iterate_files = all_pages(_list_files)

    @operation
    async def register(
        self, folder: str, *, name: str | None = None, idempotency_key: str | None = None
    ) -> Workspace:
        """A folder on the platform's machine (admin). The same folder is the same workspace."""
        body = {"workspace": given({"folder": folder, "name": name})}
        return await one(self, Workspace, post("/workspaces", body, key=idempotency_key))

    @operation
    async def upload(
        self, source: Source, *, name: str | None = None, idempotency_key: str | None = None
    ) -> Workspace:
        """A workspace from a folder of this machine, or from a tar.gz or zip archive.

        A folder goes without `.git`, `.env` and its like (examples apart), `node_modules`, `.venv`,
        `__pycache__`, and links that lead out of it. An archive, as a path, bytes or an open
        file, is sent as it is.
        """
        request = Request(
            method="POST",
            path="/workspaces/archive",
            params=query({"name": name}),
            key=idempotency_key or new_key(),
            read_timeout_s=UPLOAD_S,
        )
        return await self._send(request, source)

    @operation
    async def replace_archive(self, workspace: Ref, source: Source) -> Workspace:
        """Another content in place of the one before, as a whole. It deploys nothing."""
        path = at("/workspaces/{}/archive", workspace)
        request = Request(method="PUT", path=path, read_timeout_s=UPLOAD_S)
        return await self._send(request, source)

    @operation
    async def clone(
        self,
        url: str,
        *,
        ref: str | None = None,
        name: str | None = None,
        token: str | None = None,
        username: str | None = None,
        deploy_key: str | None = None,
        host_key: str | None = None,
        idempotency_key: str | None = None,
    ) -> Workspace:
        """A workspace from a git repository; `ref` is a branch, a tag or a whole commit.

        An ssh server must show the key of the fingerprint `host_key`; without it the first one is
        remembered."""
        access = {"token": token, "username": username, "deploy_key": deploy_key}
        access["host_key"] = host_key
        body = {"workspace": given({"url": url, "ref": ref, "name": name, **access})}
        return await one(self, Workspace, post("/workspaces/git", body, key=idempotency_key))

    @operation
    async def refresh(
        self,
        workspace: Ref,
        *,
        ref: str | None = None,
        token: str | None = None,
        username: str | None = None,
        deploy_key: str | None = None,
        host_key: str | None = None,
        idempotency_key: str | None = None,
    ) -> RefreshedWorkspace:
        """The newest commit of its repository; ref and credential may be changed with it, and the
        key of its ssh server, whose fingerprint is given."""
        access = {"token": token, "username": username, "deploy_key": deploy_key}
        body = {"ref": ref, "host_key": host_key, **access}
        path = at("/workspaces/{}/refresh", workspace)
        return await one(self, RefreshedWorkspace, post(path, body, key=idempotency_key))

    @operation
    async def get(self, workspace: Ref) -> Workspace:
        return await one(self, Workspace, get(at("/workspaces/{}", workspace)))

    @operation
    async def remove(self, workspace: Ref) -> None:
        """Remove a workspace without services (admin). A registered folder is not touched."""
        await done(self, Request(method="DELETE", path=at("/workspaces/{}", workspace)))

    @operation
    async def analyze(
        self,
        workspace: Ref,
        *,
        folder_path: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Analysis:
        """What lives there, with evidence. Nothing is run."""
        body = {"folder_path": folder_path, "overrides": overrides}
        path = at("/workspaces/{}/analyze", workspace)
        return await one(self, Analysis, post(path, body, key=idempotency_key))

    @operation
    async def create_service(
        self, workspace: Ref, service: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> ServiceDetail:
        """A service of a folder in it, deployed at once unless `auto_deploy` is false."""
        path = at("/workspaces/{}/services", workspace)
        return await one(self, ServiceDetail, post(path, {"service": service}, key=idempotency_key))

    @operation
    async def deploy(
        self,
        workspace: Ref,
        *,
        folder_path: str | None = None,
        only: Sequence[str] | None = None,
        name: str | None = None,
        force: bool | None = None,
        no_cache: bool | None = None,
        pull: bool | None = None,
        accept_version: bool | None = None,
        with_databases: bool | None = None,
        overrides: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> FolderDeploy:
        """Everything that is found in it, or `only` what has these names; `with_databases` also
        those that nobody declares, but that the code asks for."""
        body = {
            "folder_path": folder_path,
            "only": only,
            "name": name,
            "force": force,
            "no_cache": no_cache,
            "pull": pull,
            "accept_version": accept_version,
            "with_databases": with_databases,
            "overrides": overrides,
        }
        path = at("/workspaces/{}/deploy", workspace)
        return await one(self, FolderDeploy, post(path, body, key=idempotency_key))

    @operation
    async def read_file(self, workspace: Ref, path: str) -> FileContent:
        """The beginning of a file, up to 256 KiB."""
        return await one(
            self, FileContent, get(at("/workspaces/{}/files/content", workspace), path=path)
        )

    async def _send(self, request: Request, source: Source) -> Workspace:
        """Packed before anything is sent, so that it can be sent again as it is."""
        with ExitStack() as opened:
            archive = await self.session.io.run(lambda: opened.enter_context(archive_of(source)))
            headers = {"Content-Type": archive.media_type}
            return await one(self, Workspace, replace(request, file=archive.file, headers=headers))
