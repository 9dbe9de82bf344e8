"""What the platform answers, as far as commands look into it; `raw` is all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
OPEN_STATES = frozenset({"queued", "running"})


def text(value: object) -> str:
    return "" if value is None else str(value)


def number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True, slots=True)
class Url:
    url: str
    kind: str

    @classmethod
    def parse_all(cls, values: object) -> "tuple[Url, ...]":
        rows = values if isinstance(values, list) else []
        return tuple(cls(text(row.get("url")), text(row.get("kind"))) for row in rows)


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    state: str
    detail: str = ""
    seconds: float | None = None

    @classmethod
    def parse(cls, raw: Json) -> "Step":
        return cls(
            name=text(raw.get("name")),
            state=text(raw.get("state")),
            detail=text(raw.get("detail")),
            seconds=number(raw.get("seconds")),
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """One asked-for change; `failure` is empty unless it failed."""

    id: str
    kind: str
    state: str
    service_id: str
    service_name: str
    steps: tuple[Step, ...]
    build_id: str
    failure: Json
    urls: tuple[Url, ...]
    raw: Json = field(repr=False)

    @classmethod
    def parse(cls, raw: Json) -> "Operation":
        return cls(
            id=text(raw.get("id")),
            kind=text(raw.get("kind")),
            state=text(raw.get("state")),
            service_id=text(raw.get("service_id")),
            service_name=text(raw.get("service_name")),
            steps=tuple(Step.parse(step) for step in raw.get("steps") or ()),
            build_id=text(raw.get("build_id")),
            failure=raw.get("error") or {},
            urls=Url.parse_all(raw.get("urls")),
            raw=raw,
        )

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def has_succeeded(self) -> bool:
        return self.state == "succeeded"


@dataclass(frozen=True, slots=True)
class Service:
    id: str
    name: str
    status: str
    urls: tuple[Url, ...]
    folder_path: str
    raw: Json = field(repr=False)

    @classmethod
    def parse(cls, raw: Json) -> "Service":
        return cls(
            id=text(raw.get("id")),
            name=text(raw.get("name")),
            status=text(raw.get("status")),
            urls=Url.parse_all(raw.get("urls")),
            folder_path=text(raw.get("folder_path")),
            raw=raw,
        )

    @property
    def replicas(self) -> str:
        scaling = self.raw.get("scaling_config") or {}
        return f"{scaling.get('current_replicas', 0)}/{scaling.get('target_replicas', 0)}"

    @property
    def has_variables(self) -> bool:
        return bool(self.raw.get("environment_variables"))


def services(rows: Sequence[Json]) -> list[Service]:
    return [Service.parse(row) for row in rows]
