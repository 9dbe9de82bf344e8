"""Does a bit of work every few seconds and listens on no port."""

import itertools
import os
import signal
import sys
import time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pause_s = float(os.environ.get("PAUSE_S", "5"))
for number in itertools.count(1):
    print(f"job {number} done", flush=True)
    time.sleep(pause_s)
