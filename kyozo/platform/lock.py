"""The lock file: one platform process for a state folder, however many are started at once."""

import fcntl
import os

from kyozo.platform.state import StateDir

EXIT_ALREADY_RUNNING = 3


class AlreadyRunningError(Exception):
    """Somebody else holds the lock; `pid` is who, 0 when it has not said so yet."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"the platform already runs (process {pid or 'unknown'})")
        self.pid = pid


class PlatformLock:
    """Held until the process ends, however it ends: the kernel gives it back."""

    def __init__(self, state: StateDir) -> None:
        self._handle = os.open(state.lock, os.O_RDWR | os.O_CREAT, 0o600)

    def take(self) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = os.pread(self._handle, 20, 0).decode(errors="replace").strip()
            raise AlreadyRunningError(int(holder) if holder.isdecimal() else 0) from exc
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, str(os.getpid()).encode(), 0)
