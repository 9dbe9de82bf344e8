"""The files of a workspace, to be looked at."""

from services.lifecycle.plan import folder_of
from services.models import Workspace
from services.sources.listing import Listed, Shown, list_folder, show_file


def list_files(
    workspace: Workspace, path: str, *, after: bytes, limit: int
) -> tuple[list[Listed], bool]:
    return list_folder(folder_of(workspace, "/"), path, after=after, limit=limit)


def read_file(workspace: Workspace, path: str) -> Shown:
    return show_file(folder_of(workspace, "/"), path)
