"""What can be asked of a service, and the moments of it at which a fault may happen."""

from collections.abc import Callable
from dataclasses import dataclass

from services.lifecycle.deploy import deploy
from services.lifecycle.remove import remove
from services.lifecycle.restart import restart
from services.lifecycle.rollback import rollback
from services.lifecycle.scale import scale
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.models import Kind, Operation
from tests.faults.barrier import Boundary, boundaries
from tests.faults.site import ACTOR, Site, ended


@dataclass(frozen=True, slots=True)
class Verb:
    """`at`: the boundary that is tried each time; `serves`: all the while, not only afterwards."""

    name: str
    kind: Kind
    ask: Callable[[Site], Operation | None]
    at: Boundary
    prepare: Callable[[Site], object] = lambda site: None
    serves: bool = True

    def asked(self, site: Site) -> Operation:
        site.service.refresh_from_db()
        operation = self.ask(site)
        assert operation is not None
        return operation


@dataclass(frozen=True, slots=True)
class Moment:
    verb: Verb
    boundary: Boundary

    def __str__(self) -> str:
        return f"{self.verb.name}-{self.boundary}"


def _deploy(site: Site) -> Operation:
    site.change()
    return deploy(site.service, actor=ACTOR)


def _deployed(site: Site) -> None:
    site.change()
    assert site.deployed().state == "succeeded"


def _rollback(site: Site) -> Operation:
    operation = rollback(site.service, to=None, actor=ACTOR)
    site.pages.pop()
    return operation


def _stop(site: Site) -> Operation | None:
    return stop(site.service, actor=ACTOR)


def _stopped(site: Site) -> None:
    if operation := _stop(site):
        ended(operation)


def _scale(site: Site, replicas: int) -> Operation:
    return scale(site.service, replicas=replicas, actor=ACTOR)


def scaled(site: Site, replicas: int) -> None:
    site.service.refresh_from_db()
    if site.service.wanted_replicas != replicas:
        ended(_scale(site, replicas))


DEPLOY = Verb("deploy", Kind.DEPLOY, _deploy, Boundary("health", "done"))
SCALE_UP = Verb(
    "scale-up",
    Kind.SCALE,
    lambda site: _scale(site, 2),
    Boundary("health", "begun"),
    prepare=lambda site: scaled(site, 1),
)
SCALE_DOWN = Verb(
    "scale-down",
    Kind.SCALE,
    lambda site: _scale(site, 1),
    Boundary("scale", "done"),
    prepare=lambda site: scaled(site, 2),
)
RESTART = Verb(
    "restart",
    Kind.RESTART,
    lambda site: restart(site.service, actor=ACTOR),
    Boundary("route", "begun"),
)
ROLLBACK = Verb("rollback", Kind.ROLLBACK, _rollback, Boundary("route", "done"), prepare=_deployed)
STOP = Verb("stop", Kind.STOP, _stop, Boundary("drain", "begun"), serves=False)
START = Verb(
    "start",
    Kind.START,
    lambda site: start(site.service, actor=ACTOR),
    Boundary("start", "done"),
    prepare=_stopped,
    serves=False,
)
REMOVE = Verb(
    "remove",
    Kind.REMOVE,
    lambda site: remove(site.service, actor=ACTOR),
    Boundary("drain", "done"),
    serves=False,
)
OTHERS = (ROLLBACK, RESTART, SCALE_UP, SCALE_DOWN, START, STOP, REMOVE)


def moments(*, everything: bool) -> list[Moment]:
    """Each boundary of a deploy, and one of each other verb, or each of them, too."""
    of_deploy = [Moment(DEPLOY, boundary) for boundary in boundaries(Kind.DEPLOY)]
    others = [
        Moment(verb, boundary)
        for verb in OTHERS
        for boundary in (boundaries(verb.kind) if everything else [verb.at])
    ]
    return of_deploy + others
