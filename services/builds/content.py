"""The content tag: the same inputs within a team make the same image, so nothing needs building."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.sources.tree import sha_of

# Raised when a builder's own behaviour changes what an unchanged input produces.
GENERATION = "1"
TAG_CHARS = 24


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that decides what an image holds. `base_images` maps each name to the id it has now."""

    team: str
    tree: str
    dockerfile: str
    extra_files: Mapping[str, bytes] = field(default_factory=dict)
    base_images: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    platform: str = ""


def content_tag(inputs: Inputs) -> str:
    """Fit for an image tag. Names of secrets are in the Dockerfile; their values never count."""
    described = {
        "generation": GENERATION,
        "team": inputs.team,
        "tree": inputs.tree,
        "dockerfile": inputs.dockerfile,
        "extra_files": {name: sha_of(content) for name, content in inputs.extra_files.items()},
        "base_images": dict(inputs.base_images),
        "build_args": dict(inputs.build_args),
        "target": inputs.target,
        "platform": inputs.platform,
    }
    text = json.dumps(described, sort_keys=True, ensure_ascii=True)
    return sha_of(text.encode())[:TAG_CHARS]
