"""A worker of the tests: it carries out what waits, and it can die in the middle of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from services import events
from services.events import Hint
from services.lifecycle import plan, releases
from services.lifecycle.claims import HEARTBEAT, claim
from services.lifecycle.deploy import apply_plan
from services.lifecycle.operations import take
from services.lifecycle.reconcile import reconcile
from services.lifecycle.run import carry_out, run_next
from services.models import Event, Instance, Operation, Queue, Service, WantedState
from services.runtimes.base import RunResult
from services.runtimes.fake import FakeRuntime
from services.sources.ignore import Ignore
from services.sources.snapshot import read_content

LINE = "changed = True\n"


class WorkerDiedError(BaseException):
    """Nothing in the product catches it: as if the process were killed there."""


def carry_out_all() -> None:
    """Both queues, until nothing is left that may run now."""
    while run_next(Queue.BUILDS) + run_next(Queue.LIFECYCLE):
        pass


def carry_out_until_death() -> bool:
    """Like `carry_out_all`, by a worker that may die; whether it did. Its leases then stay."""
    while taken := take(Queue.BUILDS) or take(Queue.LIFECYCLE):
        try:
            carry_out(taken)
        except WorkerDiedError:
            HEARTBEAT.drop(taken.claim)
            return True
        taken.claim.release()
    return False


@contextmanager
def at_step(name: str, work: Callable[[], object], *, nth: int = 1) -> Iterator[None]:
    """Do something once, in the worker's thread, as soon as it said so often that it is at the step
    of that name: first when it begins; in a build again when the base images are here."""
    heard = 0

    def hear(said: Hint) -> None:
        nonlocal heard
        if (said.frame or {}).get("payload", {}).get("step") == name:
            heard += 1
            if heard == nth:
                work()

    unsubscribe = events.subscribe(hear)
    try:
        yield
    finally:
        unsubscribe()
    assert heard >= nth, f"no step {name} came so far"


def expire_leases() -> None:
    past = timezone.now() - timedelta(seconds=1)
    Service.objects.exclude(lease_until=None).update(lease_until=past)


def bring_up(service: Service) -> None:
    """Release 1 of the service's folder, written down and reconciled."""
    found = plan.find(plan.analyse_folder(service.workspace, service.detected_in, {}), service)
    apply_plan(service, found)
    digest = image_of(service)
    draft = releases.draft(service, found, image_ref=digest, digest=digest)
    service.wanted_release = releases.write(service, draft, actor="alice")
    service.wanted_state, service.generation = WantedState.RUNNING, 1
    service.save(update_fields=["wanted_release", "wanted_state", "generation"])
    mine = claim(service.id)
    assert mine is not None
    while reconcile(mine).acted:
        pass
    mine.release()
    service.refresh_from_db()


def image_of(service: Service) -> str:
    """What the fake image maker will call the image of the folder as it is now."""
    content = read_content(Path(service.workspace.root), ignore=Ignore())
    return f"sha256:{content.digest}"


def change(service: Service) -> None:
    """Edit the service's folder, so that its next deploy makes a new image."""
    with (Path(service.workspace.root) / "more.py").open("a", encoding="utf-8") as file:
        file.write(LINE)


def crash_on_start(service: Service, engine: FakeRuntime, output: str = "") -> None:
    """From now on what is deployed ends at once, with exit code 3."""
    engine.programs["crash"] = RunResult(exit_code=3, output=output)
    service.overrides = {"start": "crash"}
    service.save(update_fields=["overrides"])


def never_healthy(service: Service, engine: FakeRuntime) -> None:
    """From now on no new image of the service answers."""
    change(service)
    engine.unhealthy.add(image_of(service))


def event_types(service: Service) -> list[str]:
    rows = Event.objects.filter(service=service, name="deployment_event").order_by("number")
    return list(rows.values_list("event_type", flat=True))


def containers(engine: FakeRuntime) -> set[str]:
    return {box.name for box in engine.engine.boxes()}


def done(ask: Callable[[], Operation | None]) -> Operation:
    """Ask for something and see it through."""
    operation = ask()
    assert operation is not None
    carry_out_all()
    operation.refresh_from_db()
    return operation


def alive(service: Service) -> list[Instance]:
    return list(service.instances.alive())


def only(service: Service) -> Instance:
    """The one living instance."""
    [instance] = alive(service)
    return instance
