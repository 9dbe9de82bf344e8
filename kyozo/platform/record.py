"""platform.json: which process is the platform, where it listens and how far its start has come."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from kyozo.platform.processes import ProcessId
from kyozo.platform.state import StateDir, read_json, write_private

READY = "ready"


@dataclass(frozen=True, slots=True)
class Record:
    """`digest` is of the source code it runs; `phase` is for people, `ready` at the end."""

    pid: int
    started: int
    host: str
    port: int
    version: str
    digest: str
    phase: str = "starting"

    @property
    def process(self) -> ProcessId:
        return ProcessId(self.pid, self.started)

    @property
    def url(self) -> str:
        """Where this machine reaches it, also when it listens on every address."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{self.port}"

    def at(self, phase: str) -> "Record":
        return replace(self, phase=phase)

    def write(self, state: StateDir) -> None:
        write_private(state.record, json.dumps(asdict(self)))


def read(state: StateDir) -> Record | None:
    """What the file says, whether that process lives or not."""
    values = read_json(state.record)
    try:
        return _parse(values)
    except (KeyError, TypeError, ValueError):
        return None


def living(state: StateDir) -> Record | None:
    """The running platform, None when there is none."""
    record = read(state)
    return record if record and record.process.is_alive else None


def _parse(values: dict[str, Any]) -> Record:
    return Record(
        pid=int(values["pid"]),
        started=int(values["started"]),
        host=str(values["host"]),
        port=int(values["port"]),
        version=str(values["version"]),
        digest=str(values["digest"]),
        phase=str(values["phase"]),
    )
