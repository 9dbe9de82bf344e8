"""What `kyozo analyze` does: looks at a folder, and writes the Dockerfiles that would be used."""

from pathlib import Path

import detection
from detection import Analysis, DetectedService
from kyozo.cli.errors import CliError
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session


def look(folder: Path) -> Analysis:
    try:
        return detection.analyze(folder.absolute())
    except detection.DetectionError as exc:
        raise CliError(str(exc), code=exc.code) from exc


def write_all(session: Session, folder: Path, found: Analysis) -> None:
    """One for each service that has none; a file that is there is never replaced."""
    written = [path for service in found.services if (path := _write(folder, service))]
    if not written:
        raise CliError(
            "nothing to write: every service has its own Dockerfile, or none can be made",
            fix="see `kyozo analyze FOLDER`",
            code="nothing_to_write",
        )
    for path in written:
        session.screen.say(f"wrote {one_line(path)}")
    if session.screen.is_json:
        session.screen.emit({"written": [str(path) for path in written]})


def _write(folder: Path, service: DetectedService) -> Path | None:
    try:
        rendered = detection.render_dockerfile(service)
    except detection.NotRenderableError:
        return None
    target = folder / service.build_context / "Dockerfile"
    try:
        # "x" creates, and follows no link that lies there.
        with target.open("x", encoding="utf-8") as file:
            file.write(rendered.dockerfile)
    except FileExistsError:
        return None
    return target
