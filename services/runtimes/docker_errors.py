"""What Docker and the wire to it say when they fail, in our words: code and what to do next."""

from dataclasses import dataclass
from http.client import HTTPException

import docker.errors
import requests
import urllib3.exceptions

from services.errors import (
    AddressTakenError,
    EngineError,
    EngineNotFoundError,
    EngineUnreachableError,
)

# Everything the SDK and the layers below it raise. ValueError: an answer that is no JSON.
FAILURES: tuple[type[Exception], ...] = (
    docker.errors.DockerException,
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
    ValueError,
)


# After these the engine may still carry out what was asked.
UNDECIDED = frozenset({"engine.timeout", "engine.unreachable"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """A piece of the engine's message, in lower case, and what it means."""

    said: str
    code: str
    fix: str
    kind: type[EngineError] = EngineError


# The first row that matches wins: the sentences about ports contain the one about addresses.
COMPLAINTS = (
    Complaint(
        "is already in use by container",
        "engine.name_taken",
        "Remove or rename the container that has this name; Kyozo did not create it.",
    ),
    Complaint(
        "port is already allocated",
        "engine.port_taken",
        "Choose another host port, or stop what uses this one.",
    ),
    Complaint(
        "bind: address already in use",
        "engine.port_taken",
        "Choose another host port, or stop the program that uses this one.",
    ),
    # How newer engines say it; only what follows is about addresses in a network.
    *(
        Complaint(
            said,
            "engine.port_taken",
            "Choose another host port, or stop the program that uses this one.",
        )
        for said in (
            "failed to bind host port",
            "/tcp: address already in use",
            "/udp: address already in use",
        )
    ),
    Complaint(
        "address already in use",
        "engine.address_taken",
        "The address is given to another container; try again with the next free one.",
        AddressTakenError,
    ),
    Complaint(
        "no such image",
        "engine.image_missing",
        "Deploy again so that the image is built, or pull it.",
        EngineNotFoundError,
    ),
    Complaint(
        "volume is in use",
        "engine.volume_in_use",
        "Remove the containers that have this volume first.",
    ),
    Complaint(
        "image is being used by",
        "engine.image_in_use",
        "Remove the containers that use this image first, or leave it.",
    ),
    Complaint(
        "is using its referenced image",
        "engine.image_in_use",
        "Remove the containers that use this image first, or leave it.",
    ),
    Complaint(
        "image has dependent child images",
        "engine.image_in_use",
        "Other images were built on this one: remove those first, or leave it.",
    ),
    Complaint(
        "overlap",
        "engine.network_clash",
        "Choose other subnets for KYOZO_NETWORKS, or remove the network that uses this one.",
    ),
    Complaint(
        "has active endpoints",
        "engine.network_in_use",
        "Stop the containers in this network first.",
    ),
    Complaint(
        "removal of container",  # "... is already in progress"
        "engine.removing",
        "Wait until the engine has removed the container.",
    ),
    Complaint(
        "no space left on device",
        "engine.disk_full",
        "Free disk space where the engine keeps its data, then try again.",
    ),
    Complaint(
        "failed to update store",  # its network part has closed its database already
        "engine.unreachable",
        "The engine is shutting down: start it again.",
        EngineUnreachableError,
    ),
    Complaint(
        "transport is closing",  # its containerd is gone
        "engine.unreachable",
        "The engine is shutting down: start it again.",
        EngineUnreachableError,
    ),
    Complaint(
        "already exists in network",
        "engine.connected",
        "Nothing is to be done: the container is in that network.",
    ),
    Complaint(
        "unable to freeze",  # a process of it waits for its disk; the engine may freeze it later on
        "engine.timeout",
        "Look at the load of the engine's disks; Kyozo will try again.",
    ),
    Complaint(
        "is not running",
        "engine.not_running",
        "Start the service first.",
    ),
)


def translate(exc: Exception, *, doing: str) -> EngineError:
    """The error of ours for any of FAILURES that came up while `doing` something."""
    if isinstance(exc, docker.errors.APIError):
        return _refused(exc, doing=doing)
    if is_timeout(exc):
        return EngineError(
            f"The container engine did not answer in time while asked to {doing}.",
            code="engine.timeout",
            fix="Look at the load of the engine's machine; Kyozo will try again.",
        )
    return EngineUnreachableError(
        f"The container engine cannot be reached to {doing}: {_innermost(exc)}.",
        fix="Start the engine (for example `dockerd`), then check with `kyozo doctor`.",
    )


def is_timeout(exc: BaseException) -> bool:
    """Docker's client wraps time-outs in other errors, some of them only as an argument."""
    seen: BaseException | None = exc
    while seen is not None:
        inner = [seen, *(arg for arg in seen.args if isinstance(arg, BaseException))]
        if any(isinstance(one, _TIMEOUTS) for one in inner):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


_TIMEOUTS = (TimeoutError, requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)


def _refused(exc: docker.errors.APIError, *, doing: str) -> EngineError:
    said = str(exc.explanation or exc)
    message = f"The container engine could not {doing}: {said}"
    for complaint in COMPLAINTS:
        if complaint.said in said.lower():
            return complaint.kind(message, code=complaint.code, fix=complaint.fix)
    if isinstance(exc, docker.errors.NotFound):
        return EngineNotFoundError(message)
    return EngineError(message)


def _innermost(exc: BaseException) -> str:
    """The deepest cause: the layers above only repeat it in more brackets."""
    while (deeper := exc.__cause__ or exc.__context__) is not None:
        exc = deeper
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror.lower()
    return str(exc) or type(exc).__name__
