"""Looking at a folder in a process of its own: whatever lies there, it ends in time.

The folder is somebody's, and what reads it is large. A child has an address space with a limit, no
secrets in its environment and a process group that is killed when it is late, when the operation is
cancelled, and after each answer.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

import detection
from detection import Analysis, DetectionError
from detection.child import MEMORY, Question
from detection.from_json import analysis_from_json
from services.errors import CancelledError, InvalidError

LOOK_S = 0.5
# The child ends itself a moment later than we end it: where we were killed, nobody else does.
GRACE_S = 2
CODE = Path(detection.__file__).parent.parent
PROGRAM = ("-m", "detection.child")
FIX = "mend the file named"
SMALLER = "deploy a folder below this one, or move what is not source code out of it"
# Each may take `KYOZO_DETECTION_MB`, and a worker in a container sees the processors of the machine
# and not the little memory that it has itself.
MOST_AT_ONCE = 2
_places = threading.BoundedSemaphore(MOST_AT_ONCE)

Asked = Callable[[], bool]


def analyze(
    folder: Path, *, overrides: Mapping[str, object], is_cancelled: Asked = lambda: False
) -> Analysis:
    """Raises InvalidError with `detection.failed` for what a person wrote wrongly, and
    `detection.timeout`, `detection.memory` or `detection.crashed` where there was no answer."""
    memory_mb = settings.KYOZO["DETECTION_MB"]
    try:
        if not memory_mb:
            return detection.analyze(folder, overrides=overrides or None)
        limit_s = settings.KYOZO["ANALYSE_S"]
        question = Question(str(folder), overrides, limit_s + GRACE_S, memory_mb)
        return _ask(question, limit_s=limit_s, is_cancelled=is_cancelled)
    except DetectionError as exc:
        raise InvalidError(str(exc), code="detection.failed", fix=FIX) from exc


def _ask(question: Question, *, limit_s: float, is_cancelled: Asked) -> Analysis:
    with _place(limit_s, is_cancelled), _child() as child:
        ends_at = time.monotonic() + limit_s
        said = _communicate(child, question, ends_at=ends_at, is_cancelled=is_cancelled)
        return _understood(said, child.returncode)


@contextmanager
def _place(limit_s: float, is_cancelled: Asked) -> Iterator[None]:
    """The time of the ones before is not ours: each look has its limit for itself."""
    ends_at = time.monotonic() + limit_s
    while not _places.acquire(timeout=LOOK_S):
        _check(ends_at, is_cancelled)
    try:
        yield
    finally:
        _places.release()


@contextmanager
def _child() -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-E", "-s", *PROGRAM],
        cwd=CODE,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="surrogateescape",
        process_group=0,
    )
    with process:
        try:
            yield process
        finally:
            # Of one that was waited for the number may be somebody else's by now.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _communicate(
    child: "subprocess.Popen[str]", question: Question, *, ends_at: float, is_cancelled: Asked
) -> str:
    asked: str | None = question.to_json()
    while True:
        try:
            return child.communicate(asked, timeout=LOOK_S)[0]
        except subprocess.TimeoutExpired:
            asked = None  # it was taken, and what is read so far is kept
            _check(ends_at, is_cancelled)


def _check(ends_at: float, is_cancelled: Asked) -> None:
    if is_cancelled():
        raise CancelledError("cancelled")
    if time.monotonic() > ends_at:
        raise _too_late()


def _too_late() -> InvalidError:
    return InvalidError(
        f"looking at the folder took longer than {settings.KYOZO['ANALYSE_S']:g} s and was ended",
        code="detection.timeout",
        fix=SMALLER,
    )


def _understood(said: str, status: int) -> Analysis:
    if status == -signal.SIGALRM:
        raise _too_late()
    try:
        answer = json.loads(said)
        error = answer.get("error")
        if error is None:
            return analysis_from_json(answer["analysis"])
    except (ValueError, KeyError, AttributeError, RecursionError) as exc:
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        raise InvalidError(
            f"the process that looks at the folder ended {how} and gave no answer",
            code="detection.crashed",
            fix=SMALLER,
        ) from exc
    fix = SMALLER if error["code"] == MEMORY else FIX
    code = MEMORY if error["code"] == MEMORY else "detection.failed"
    raise InvalidError(str(error["message"]), code=code, fix=fix)
