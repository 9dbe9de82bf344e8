"""The disk under a local Docker engine's data, where this process sees the same files."""

import shutil
from pathlib import Path

from services.runtimes.base import Disk
from services.runtimes.docker_engine import Engine


def look(engine: Engine) -> Disk | None:
    with engine.call("say where it keeps its data") as client:
        root = Path(str(client.info()["DockerRootDir"]))
    try:
        use = shutil.disk_usage(root)
    except OSError:  # an engine in a container: its folder is not one of ours
        return None
    return Disk(path=str(root), used_bytes=use.used, free_bytes=use.free)
