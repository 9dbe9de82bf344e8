"""What can go wrong before or after looking at a folder; looking itself never fails."""

from pathlib import Path


class DetectionError(Exception):
    """Base of everything this library raises; `code` is stable, the text says what to do next."""

    code = "detection.failed"


class NoFolderError(DetectionError):
    code = "detection.no_folder"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not a folder: give the path of the folder to look at")
        self.folder = folder


class OverrideError(DetectionError):
    """A key of kyozo.toml, or an option, that cannot be taken as written."""

    code = "detection.bad_override"

    def __init__(self, problem: str, *, file: str | None = None, line: int | None = None) -> None:
        where = "" if file is None else f"{file}:{line}: " if line else f"{file}: "
        super().__init__(f"{where}{problem}")
        self.problem = problem
        self.file = file
        self.line = line


class NotRenderableError(DetectionError):
    """No Dockerfile is written for a service that brings its own, or that nobody can build."""

    code = "detection.not_renderable"
