"""`kyozo deploy --upload`: a folder packed, and sent to a platform that cannot see it."""

import tarfile
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kyozo.cli.errors import CliError
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session
from services.sources.ignore import Ignore
from services.sources.secret_names import EXAMPLES, KEY_FOLDERS
from services.sources.snapshot import snapshot

if TYPE_CHECKING:
    from kyozo.cli.client import Api

# Made again where it is built, or nobody's business there.
NOT_SENT = (".git", ".env", "node_modules", ".venv", "__pycache__", *KEY_FOLDERS)
NOR_THESE = ("**/.env.*", *(f"!**/{name}" for name in sorted(EXAMPLES)))


def workspace_id(session: Session, place: Path, *, name: str) -> str:
    """The workspace that now holds the folder: the uploaded one of that name, or a new one."""
    api, screen = session.api, session.screen
    known = _known(api, name)
    with tempfile.TemporaryFile() as packed:
        files = pack(place, packed)
        size_kb = -(-packed.tell() // 1024)
        screen.say(f"sending {files} files ({size_kb} kB) as workspace {one_line(name)}")
        if known:
            path = api.team_path(f"/workspaces/{known}/archive")
            return str(api.upload("PUT", path, packed)["id"])
        made = api.upload("POST", api.team_path("/workspaces/archive"), packed, name=name)
    return str(made["id"])


def pack(place: Path, into: IO[bytes]) -> int:
    """How many files. Packed is a clean copy: no link in it leads out, and it does not change."""
    with tempfile.TemporaryDirectory(prefix="kyozo-upload-") as scratch:
        tree = snapshot(
            place.resolve(), Path(scratch) / "tree", ignore=Ignore(NOR_THESE, always=NOT_SENT)
        )
        with tarfile.open(fileobj=into, mode="w:gz", compresslevel=6) as archive:
            archive.add(tree.path, arcname=".")
    return tree.files


def _known(api: "Api", name: str) -> str:
    rows = api.get_all(api.team_path("/workspaces"), search=name)
    found = next((row for row in rows if row["name"] == name), None)
    if found and found["storage_backend"] != "archive":
        raise CliError(
            f"the workspace {one_line(name)} was not uploaded",
            fix="give another name with --workspace",
            code="workspace.other_source",
        )
    return str(found["id"]) if found else ""
