"""platform.log stays small, and a traceback on stderr is in it."""

import subprocess
import sys
from pathlib import Path

from kyozo.platform import version

SCRIPT = """
import logging, sys
from pathlib import Path
from kyozo.platform import log_file
log_file.MAX_BYTES = 2000
log_file.log_to(Path(sys.argv[1]))
for number in range(100):
    logging.getLogger("x").warning("line %d", number)
print("said on stderr", file=sys.stderr, flush=True)
"""


def test_it_is_cut_by_size_and_takes_stderr_along(tmp_path: Path) -> None:
    target = tmp_path / "platform.log"
    script = [sys.executable, "-P", "-c", SCRIPT, str(target)]
    done = subprocess.run(
        script, env={"PYTHONPATH": str(version.ROOT)}, capture_output=True, check=True
    )

    assert done.stderr == b""
    assert "said on stderr" in target.read_text()
    assert target.stat().st_size < 3000
    assert (tmp_path / "platform.log.1").exists()
