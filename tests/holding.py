"""Another process that has locked a file."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.repository import ROOT

# As far as anybody gets who is stopped right after he took it.
BARE = """
import fcntl, sys
with open(sys.argv[1], "a+") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.readline()
"""

Holder = subprocess.Popen[str]


@contextmanager
def holding(path: Path, program: str = BARE) -> Iterator[Holder]:
    """The program prints `held` once it has the file of its first argument."""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "held"
            yield process
        finally:
            process.kill()
