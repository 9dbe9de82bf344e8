"""What each verb asks of the engine that changes something there."""

from dataclasses import dataclass

from tests.faults.verbs import DEPLOY, REMOVE, SCALE_DOWN, SCALE_UP, STOP, Verb

REQUESTS = {
    "build": "POST /build",
    "create": "POST /containers/create",
    "start": "POST /containers/[^/]+/start",
    "update": "POST /containers/[^/]+/update",
    "pause": "POST /containers/[^/]+/pause",
    "disconnect": "POST /networks/[^/]+/disconnect",
    "connect": "POST /networks/[^/]+/connect",
    "unpause": "POST /containers/[^/]+/unpause",
    "stop": "POST /containers/[^/]+/stop",
    "delete": "DELETE /containers/[^/]+",
    "tag": "POST /images/[^/]+/tag",
    "untag": "DELETE /images/.+",
}
MAKING = ("create", "start", "update")
NAMING = ("pause", "disconnect", "connect", "unpause")
ENDING = ("stop", "delete")
CALLS = {
    DEPLOY: tuple(REQUESTS),
    SCALE_UP: (*MAKING, *NAMING),
    SCALE_DOWN: (*NAMING, *ENDING),
    STOP: ENDING,
    REMOVE: ENDING,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A writing call of one verb."""

    verb: Verb
    name: str

    def __str__(self) -> str:
        return f"{self.verb.name}-{self.name}"

    @property
    def request(self) -> str:
        return REQUESTS[self.name]


def calls(*, everything: bool) -> list[Call]:
    """Each one of a deploy, and of each other verb the first, or each of them, too."""
    return [
        Call(verb, name)
        for verb, names in CALLS.items()
        for name in (names if everything or verb is DEPLOY else names[:1])
    ]
