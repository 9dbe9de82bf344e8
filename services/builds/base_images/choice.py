"""Where base images come from on this machine: a registry if one answers, else our own recipes."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from services.builds.base_images.resolve import Resolved, Source, resolve
from services.builds.base_images.workshop import Workshop
from services.builds.client import Cancelled, CommandFailedError, Log
from services.errors import CancelledError

TRIAL_S = 10
REMEMBERED_S = 3600
ANSWERED = ("pulling from", "manifest unknown", "manifest for")


@dataclass(slots=True)
class Chooser:
    """Names base images for a Dockerfile (a detection `BaseResolver`) and remembers them."""

    source: Source
    mirror: str = ""
    resolved: list[Resolved] = field(default_factory=list)

    def __call__(self, tool: str, version: str | None) -> str:
        answer = resolve(tool, version, source=self.source, mirror=self.mirror)
        if answer not in self.resolved:
            self.resolved.append(answer)
        return answer.ref

    @property
    def refs(self) -> list[str]:
        return [answer.ref for answer in self.resolved]

    @property
    def inexact(self) -> list[Resolved]:
        """What was not to be had: refuse these unless the person accepts the nearest."""
        return [answer for answer in self.resolved if not answer.exact]


def choose_source(
    ref: str,
    *,
    shop: Workshop,
    log: Log,
    cancelled: Cancelled = lambda: False,
    now: Callable[[], float] = time.time,
) -> Source:
    """Try to pull `ref`: a registry that says nothing for 10 s counts as absent, for an hour."""
    memory = shop.state_dir / "base-images" / "source.json"
    registry = ref.partition("/")[0] if "." in ref.partition("/")[0] else ""
    if known := _remembered(memory, registry, now()):
        return known
    source = _try(ref, shop, log, cancelled)
    if source is Source.LOCAL:
        log("no image registry answers here: base images are made on this machine")
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(
        json.dumps({"registry": registry, "source": source, "at": now()}), encoding="utf-8"
    )
    return source


def forget_source(state_dir: Path) -> None:
    """Ask anew the next time."""
    (state_dir / "base-images" / "source.json").unlink(missing_ok=True)


def _remembered(memory: Path, registry: str, now: float) -> Source | None:
    try:
        noted = json.loads(memory.read_text(encoding="utf-8"))
        is_valid = noted["registry"] == registry and 0 <= now - noted["at"] < REMEMBERED_S
        return Source(noted["source"]) if is_valid else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _try(ref: str, shop: Workshop, log: Log, cancelled: Cancelled) -> Source:
    answered = False
    limit = time.monotonic() + TRIAL_S

    def listen(line: str) -> None:
        nonlocal answered
        answered = answered or any(word in line.lower() for word in ANSWERED)
        if answered:
            log(line)

    def is_over() -> bool:
        return cancelled() or (not answered and time.monotonic() > limit)

    try:
        shop.pull(ref, log=listen, cancelled=is_over)
    except CommandFailedError:
        return Source.REGISTRY if answered else Source.LOCAL
    except CancelledError:
        if cancelled():
            raise
        return Source.LOCAL
    return Source.REGISTRY
