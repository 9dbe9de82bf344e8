"""A folder with one page, and the service made of it: what is deployed while faults happen."""

from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from services.lifecycle.deploy import deploy
from services.lifecycle.folder import deploy_folder
from services.lifecycle.remove import remove
from services.lifecycle.workspaces import register_folder
from services.models import HostPort, Operation, Service, WantedState
from services.teams.models import Team
from tests.faults.barrier import Barrier, Boundary, barrier
from tests.load import Load, load
from tests.runtimes.busybox import IMAGE
from tests.waiting import wait_until

HTTPD = "exec /bin/busybox httpd -f -p 8000 -h /srv"
ENDS_WITHIN_S = 120
ACTOR = "alice"


@dataclass(slots=True)
class Site:
    """`pages`: what its releases serve, the current one last."""

    folder: Path
    service: Service
    url: str
    pages: list[str]
    _changes: int = 0

    def change(self, *lines: str, start: str = HTTPD) -> None:
        """Another page, and perhaps more lines in its Dockerfile or another way to serve it."""
        self._changes += 1
        self.pages.append(f"page {self._changes}")
        write(self.folder, self.page, *lines, start=start)

    @property
    def page(self) -> str:
        return self.pages[-1]

    def deploy(self) -> Operation:
        return deploy(self.service, actor=ACTOR)

    def deployed(self) -> Operation:
        """Deploy, and wait for the end."""
        return ended(self.deploy())

    def remove(self) -> Operation:
        return remove(self.service, actor=ACTOR)

    def barrier(self, boundary: Boundary) -> AbstractContextManager[Barrier]:
        return barrier(self.service, boundary)

    def load(self) -> AbstractContextManager[Load]:
        return load(self.url, every_s=0.05)

    @property
    def should_serve(self) -> str:
        """The page that should come; empty when it is not to run."""
        self.service.refresh_from_db()
        return self.page if self.service.wanted_state == WantedState.RUNNING else ""

    @property
    def serves(self) -> str:
        """The page that comes now; empty when none does."""
        with suppress(httpx.HTTPError):
            answer = httpx.get(self.url, trust_env=False, timeout=20)
            return answer.text if answer.status_code == 200 else ""
        return ""


def make_site(team: Team, folder: Path) -> Site:
    """With its first page deployed."""
    folder.mkdir(parents=True)
    write(folder, "page 0")
    workspace = register_folder(team, folder=folder, actor=ACTOR)
    queued = deploy_folder(workspace, actor=ACTOR)
    operation = ended(queued.operations[0])
    assert operation.state == "succeeded", operation.error
    [service] = queued.services
    port = HostPort.objects.get(service=service, is_http=True).port
    return Site(folder, service, f"http://127.0.0.1:{port}/", ["page 0"])


def write(folder: Path, page: str, *lines: str, start: str = HTTPD) -> None:
    (folder / "index.html").write_text(page, encoding="utf-8")
    parts = (f"FROM {IMAGE}", *lines, "COPY . /srv", "EXPOSE 8000", f"CMD {start}", "")
    (folder / "Dockerfile").write_text("\n".join(parts), encoding="utf-8")


def ended(operation: Operation, *, within_s: float = ENDS_WITHIN_S) -> Operation:
    """The operation as it is at its end."""

    def is_over() -> bool:
        operation.refresh_from_db()
        return not operation.is_open

    what = f"{operation.kind} ends"
    wait_until(is_over, within_s=within_s, what=what, look_every_s=0.05)
    return operation
