"""What `kyozo analyze` does: looks at a folder, and writes the files that would be used."""

from pathlib import Path

import detection
from detection import Analysis, DetectedService
from detection.compose_file import NAMES as COMPOSE_NAMES
from detection.compose_out import COMPOSE
from kyozo.cli.errors import CliError
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session


def look(folder: Path) -> Analysis:
    try:
        return detection.analyze(folder.absolute())
    except detection.DetectionError as exc:
        raise CliError(str(exc), code=exc.code) from exc


def write_all(session: Session, folder: Path, found: Analysis, *, form: str | None) -> None:
    """Dockerfiles, or the files of `form`; a file that is there is never replaced."""
    files = _files(found, form)
    written = [folder / path for path, text in files.items() if _write(folder, path, text)]
    if not written:
        raise CliError(
            "nothing to write: the files are there already, or none can be made",
            fix="see `kyozo analyze FOLDER`",
            code="nothing_to_write",
        )
    for path in written:
        session.screen.say(f"wrote {one_line(path)}")
    if session.screen.is_json:
        session.screen.emit({"written": [str(path) for path in written]})


def _files(found: Analysis, form: str | None) -> dict[str, str]:
    """Texts by their paths in the folder."""
    if form == "toml":
        return {"kyozo.toml": detection.write_toml(found)}
    if form == "compose":
        return _beside(detection.compose_files(found), Path(found.folder))
    made = ((service, _rendered(service)) for service in found.services)
    return {f"{service.build_context}/Dockerfile": text for service, text in made if text}


def _beside(files: dict[str, str], folder: Path) -> dict[str, str]:
    """Without compose.yaml where the folder has a compose file, which it would put aside."""
    own = any((folder / name).exists() for name in COMPOSE_NAMES)
    return {path: text for path, text in files.items() if not (own and path == COMPOSE)}


def _rendered(service: DetectedService) -> str | None:
    try:
        return detection.render_dockerfile(service).dockerfile
    except detection.NotRenderableError:
        return None


def _write(folder: Path, path: str, text: str) -> bool:
    """Whether the file is new. Its folder may be made, but no link on the way is followed."""
    target = folder / path
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        # "x" creates, and follows no link that lies there.
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True
