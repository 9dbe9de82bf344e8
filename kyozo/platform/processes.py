"""Which process is meant: a pid alone may have been given to another program meanwhile."""

import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessId:
    """`started` is in clock ticks since boot: with the pid it names one process."""

    pid: int
    started: int

    @classmethod
    def find(cls, pid: int) -> "ProcessId | None":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return None
        # The program's name, in parentheses, may hold spaces and parentheses itself.
        state, *rest = stat.rpartition(")")[2].split()
        return None if state == "Z" else cls(pid, int(rest[18]))

    @classmethod
    def own(cls) -> "ProcessId":
        found = cls.find(os.getpid())
        if found is None:
            raise OSError("/proc is not there: Kyozo's platform process needs Linux")
        return found

    @property
    def is_alive(self) -> bool:
        return self.find(self.pid) == self

    def end(self, *, within_s: float) -> bool:
        """TERM, and KILL after `within_s` seconds. True when it ended by itself in time."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            # The handle is of one process for ever; so the check after opening it is not a race.
            if not self.is_alive:
                return True
            signal.pidfd_send_signal(handle, signal.SIGTERM)
            if select.select([handle], [], [], within_s)[0]:
                return True
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], within_s)
            return False
        finally:
            os.close(handle)
