"""One kill -9 of the platform during a deploy, and what became of everything."""

import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.e2e.harness import Kyozo
from tests.load import load
from tests.waiting import wait_until

ENDED_WITHIN_S = 90


@dataclass(frozen=True, slots=True)
class Outcome:
    """`state` is how the operation ended, "" if the kill came before it was accepted."""

    after_s: float
    step: str
    state: str
    ended_after_s: float
    requests: int
    failed: list[str]
    serves: str


def kill_during_deploy(kyozo: Kyozo, place: Path, *, after_s: float, text: str) -> Outcome:
    """Change a site's page, deploy, kill the platform `after_s` seconds later, start it again."""
    name = place.name
    known = {row["id"] for row in operations(kyozo, name)}
    url = kyozo.url(name)
    with load(url) as requests:
        (place / "index.html").write_text(text, encoding="utf-8")
        with kyozo.begin("deploy", place) as command:
            time.sleep(after_s)
            killed_at = _kill(kyozo)
            command.kill()
        killed = time.monotonic()
        assert kyozo("up", "--detach").code == 0
        wait_until(
            lambda: not any(_is_open(row) for row in operations(kyozo, name)),
            within_s=ENDED_WITHIN_S,
            what="the operation ends by itself",
        )
        ended = time.monotonic()
    new = [row for row in operations(kyozo, name) if row["id"] not in known]
    return Outcome(
        after_s=after_s,
        step=_step_at(new[0], killed_at) if new else "",
        state=new[0]["state"] if new else "",
        ended_after_s=ended - killed,
        requests=requests.sent,
        failed=requests.failed,
        serves=requests.bodies[-1],
    )


def operations(kyozo: Kyozo, name: str) -> list[dict[str, Any]]:
    """The service's operations, newest first."""
    return list(kyozo.ask("/operations", service_id=kyozo.service_id(name)))


def _kill(kyozo: Kyozo) -> datetime:
    platform = kyozo.platform
    assert platform is not None
    os.kill(platform.pid, signal.SIGKILL)
    killed_at = datetime.now(UTC)
    wait_until(lambda: not platform.process.is_alive, within_s=5, what="the process is gone")
    return killed_at


def _step_at(operation: dict[str, Any], moment: datetime) -> str:
    """The step the operation was in, for the record; "queued" before its first."""
    begun = [row for row in operation["steps"] if row["started_at"]]
    before = [row for row in begun if datetime.fromisoformat(row["started_at"]) <= moment]
    return str(before[-1]["name"]) if before else "queued"


def _is_open(row: dict[str, Any]) -> bool:
    return row["state"] in {"queued", "running"}
