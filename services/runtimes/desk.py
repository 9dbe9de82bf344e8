"""The desk: a process without an engine asks one that has it, over a socket in a shared folder.

One line of JSON there; as many back as there are items, and one that says how it ended. Nothing but
what the table of the other side names can be asked, and only with the installation's own secret.
"""

import json
import socket
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from services.errors import (
    BadRequestError,
    ConflictError,
    EngineError,
    EngineNotFoundError,
    EngineUnreachableError,
    FenceLostError,
    InvalidError,
    KyozoError,
    NotFoundError,
    RouterError,
    TooManyError,
)

SOCKETS = "*.sock"
CONNECT_S = 2.0
# Of a call that removes: hundreds of images, each of which the engine may take seconds for.
REMOVE_S = 20 * 60.0
MOST_ASKED = 64 * 1024
MOST_SAID = 64 * 1024 * 1024  # of one line; an answer as a whole is the caller's to bound
ERRORS: Mapping[str, type[KyozoError]] = {
    kind.__name__: kind
    for kind in (
        BadRequestError,
        ConflictError,
        EngineError,
        EngineNotFoundError,
        EngineUnreachableError,
        FenceLostError,
        InvalidError,
        NotFoundError,
        RouterError,
        TooManyError,
    )
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Whoever answers in `folder`: any of the workers that have one there."""

    folder: Path
    secret: str = field(repr=False)
    timeout_s: float = 30.0

    def ask_to_remove(self, call: str, **arguments: object) -> Any:
        """As `ask`, of a call that is still at work when others would be late."""
        return replace(self, timeout_s=max(self.timeout_s, REMOVE_S)).ask(call, **arguments)

    def ask(self, call: str, **arguments: object) -> Any:
        """The answer of a call; raises what the call raised, or `EngineUnreachableError`."""
        answer = self.items(call, **arguments)
        while True:
            try:
                next(answer)
            except StopIteration as end:
                return end.value

    def items(self, call: str, **arguments: object) -> Generator[Any, None, Any]:
        """What a call tells piece by piece; what is left unread is not sent."""
        with self._connected() as line:
            asked = {"secret": self.secret, "call": call, "with": arguments}
            try:
                line.sendall(f"{json.dumps(asked)}\n".encode())
                with line.makefile("rb") as said:
                    return (yield from _read(said))
            except OSError as exc:
                raise _away() from exc

    def _connected(self) -> socket.socket:
        for path in sorted(self.folder.glob(SOCKETS)):
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            line.settimeout(CONNECT_S)
            try:
                line.connect(str(path))
            except OSError:  # of a worker that was killed
                line.close()
                continue
            line.settimeout(self.timeout_s)
            return line
        raise _away()


def _read(said: Any) -> Generator[Any, None, Any]:
    while text := said.readline(MOST_SAID):
        try:
            told = json.loads(text)
        except ValueError as exc:
            raise _away() from exc
        if "item" in told:
            yield told["item"]
        elif "error" in told:
            raise _error(told["error"])
        else:
            done: Any = told.get("done")
            return done
    raise _away()  # it ended in the middle


def told_of(error: KyozoError) -> dict[str, Any]:
    """An error as the other side can raise it again."""
    kind = next((known for known in type(error).__mro__ if known.__name__ in ERRORS), EngineError)
    return {
        "kind": kind.__name__,
        "code": error.error_code,
        "message": error.message,
        "fix": error.fix,
        "details": error.details,
        "params": error.params,
    }


def _error(told: Mapping[str, Any]) -> KyozoError:
    kind = ERRORS.get(str(told.get("kind")), EngineError)
    return kind(
        str(told["message"]),
        code=str(told["code"]),
        fix=str(told["fix"]),
        details=dict(told.get("details", {})),
        params=dict(told.get("params", {})),
    )


def _away() -> EngineUnreachableError:
    return EngineUnreachableError(
        "the worker that has the engine does not answer",
        fix="see that a worker of the queue `lifecycle` runs; it is asked again with every request",
    )
