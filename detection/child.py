"""Looking at a folder in a process of its own, which its limits end: `python -m detection.child`.

A question as JSON on standard input, an answer as JSON on standard output: the analysis, or an
error with its code. Whoever asks has to be ready for no answer at all: the kernel ends what takes
more than it may.
"""

import json
import resource
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from detection.analyze import analyze
from detection.errors import DetectionError
from detection.model import to_json

MEMORY = "detection.memory"
TOO_LARGE = "detection.too_large"
# Of the answer: an analysis of a hundred services has less than a megabyte.
MAX_ANSWER = 16 * 1024 * 1024
MIB = 1024 * 1024
OOM_SCORE = Path("/proc/self/oom_score_adj")


@dataclass(frozen=True, slots=True)
class Question:
    """`seconds` are of the clock; `memory_mb` is all of the process's address space."""

    folder: str
    overrides: Mapping[str, object]
    seconds: float
    memory_mb: int

    def to_json(self) -> str:
        return json.dumps(to_json(self))


def main(asked: IO[str], answer: IO[str]) -> None:
    question = Question(**json.load(asked))
    limit(question)
    answer.write(answered(question))
    answer.flush()


def limit(question: Question) -> None:
    """By the kernel, so also where nobody is left who would end this process."""
    # Where memory runs out this process goes, and not the worker that asked it.
    with suppress(OSError):
        OOM_SCORE.write_text("1000", encoding="ascii")
    size = question.memory_mb * MIB
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Nothing here writes a file.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    # The default of this signal ends a process, even inside a regular expression.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, question.seconds)


def answered(question: Question) -> str:
    try:
        found = analyze(Path(question.folder), overrides=question.overrides or None)
        text = json.dumps({"analysis": to_json(found)})
    except DetectionError as exc:
        return _error(exc.code, str(exc))
    except MemoryError:
        return _error(MEMORY, f"looking at the folder took more than {question.memory_mb} MiB")
    if len(text) > MAX_ANSWER:
        return _error(TOO_LARGE, f"what was found in the folder is more than {MAX_ANSWER} bytes")
    return text


def _error(code: str, message: str) -> str:
    return json.dumps({"error": {"code": code, "message": message}})


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
