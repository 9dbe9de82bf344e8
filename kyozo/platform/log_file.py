"""platform.log: everything the process says, kept small by size."""

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 5_000_000
KEPT_FILES = 2
FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class PlatformLog(RotatingFileHandler):
    """Takes standard output and error along: a traceback from anywhere is in the same file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
        self.setFormatter(logging.Formatter(FORMAT))
        path.chmod(0o600)
        self._redirect()

    def doRollover(self) -> None:  # noqa: N802 - the name in logging
        super().doRollover()
        Path(self.baseFilename).chmod(0o600)
        self._redirect()

    def _redirect(self) -> None:
        if self.stream:
            for descriptor in (1, 2):
                os.dup2(self.stream.fileno(), descriptor)


def log_to(path: Path) -> None:
    """From now on all log lines of this process go to the file, and only there."""
    logging.getLogger().handlers = [PlatformLog(path)]
