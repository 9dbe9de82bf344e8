"""Files of the folder that compose mounts: a layer on top of the image they belong to."""

import json
from collections.abc import Sequence

from detection import MountedFile


def on_top_of(image: str, files: Sequence[MountedFile]) -> str:
    """A Dockerfile that only adds them. In the JSON form of COPY blanks need no care."""
    copies = [f"COPY {json.dumps([file.source, file.path])}" for file in files]
    return "\n".join([f"FROM {image}", *copies, ""])


def only(files: Sequence[MountedFile]) -> list[str]:
    """Ignore patterns that leave out everything else."""
    sources = [file.source for file in files]
    return [] if "." in sources else ["*", *(f"!{source}" for source in sources)]
