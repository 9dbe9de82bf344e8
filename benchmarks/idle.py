"""What the platform costs when nothing happens: memory and processor, router apart.

Five services, each checked every 30 s, no client. Memory is what is resident, the largest of the
samples; processor time is a share of one core, from the kernel's own counters.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from benchmarks.rows import Rows
from kyozo.platform.processes import ProcessId
from services.routing.state import RouterState
from tests.e2e.harness import Kyozo, installation
from tests.runner import run as runs

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
SERVICES = 5
WARM_UP_S = 60
SAMPLE_S = 5
