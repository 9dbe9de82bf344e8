"""The frozen configuration of a release, as types: what a release row's `config` holds."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from services.runtimes.base import Limits, Mount, PublishedPort


@dataclass(frozen=True, slots=True)
class ReleaseConfig:
    """`http_port`: the container port behind the router; `ports`: what the engine publishes, with
    an empty `host_ip` where nobody named one.

    `command` None runs the image's own; an `entrypoint` takes the place of the image's, and of
    its command with it. `health` is the seed's health_check_config.
    """

    http_port: int | None = None
    check_port: int | None = None
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    mounts: tuple[Mount, ...] = ()
    limits: Limits = field(default_factory=Limits)
    health: dict[str, Any] = field(default_factory=dict)
    generated_image: bool = True
    process: str = "web"
    strategy: str = "rolling"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        command = data.get("command")
        return cls(
            **{k: v for k, v in data.items() if k in {"http_port", "check_port", "health"}},
            command=None if command is None else tuple(command),
            entrypoint=tuple(data.get("entrypoint", ())),
            ports=tuple(PublishedPort(**port) for port in data.get("ports", ())),
            mounts=tuple(Mount(**mount) for mount in data.get("mounts", ())),
            limits=Limits(**data.get("limits", {})),
            generated_image=data.get("generated_image", True),
            process=data.get("process", "web"),
            strategy=data.get("strategy", "rolling"),
        )
