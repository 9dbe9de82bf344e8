"""Checks of the machine itself: disk, state folder, ports."""

import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from kyozo import env
from kyozo.cli.findings import Finding, fail, ok, warn
from kyozo.platform import record
from kyozo.platform.serve import DEFAULT_HOST, DEFAULT_PORT
from kyozo.platform.state import StateDir

GIB = 1024**3
SCARCE_GIB = 5
TOO_LITTLE_GIB = 1


def run(state: StateDir) -> Iterator[Finding]:
    yield _disk(state.root)
    yield _folder(state.root)
    yield _ports(state)


def _disk(root: Path) -> Finding:
    """Where the state is; the engine's own disk is among what the engine is asked."""
    existing = next(path for path in [root, *root.parents] if path.exists())
    free = shutil.disk_usage(existing).free / GIB
    text = f"{free:.1f} GiB free at {existing}"
    if free < TOO_LITTLE_GIB:
        return fail("disk", text, "free some space: images and build caches are the usual reason")
    if free < SCARCE_GIB:
        return warn("disk", text, "a build may need more")
    return ok("disk", text)


def _folder(root: Path) -> Finding:
    if not root.exists():
        return ok("state", f"{root} will be made by the first start")
    mode = stat.S_IMODE(root.stat().st_mode)
    if mode & 0o077:
        fix = f"chmod 700 {root}"
        return fail("state", f"{root} can be read by others (mode {mode:o})", fix)
    return ok("state", str(root))


def _ports(state: StateDir) -> Finding:
    """A plain bind, because a listener with reusePort hides that a port is taken."""
    low, high = env.port_range("KYOZO_HTTP_PORTS", "8080-8179")
    if record.living(state):
        return ok("ports", f"the platform runs; services get {low}-{high}")
    wanted = [
        env.integer("KYOZO_PORT", DEFAULT_PORT),
        env.integer("KYOZO_ROUTER_PORT", 7080),
        *range(low, high + 1),
    ]
    taken = [port for port in wanted if not _is_free(port)]
    if taken:
        shown = ", ".join(map(str, taken[:10]))
        return warn(
            "ports",
            f"taken by other programs: {shown}",
            "fine if that is Kyozo's router; else others are used, or choose with KYOZO_PORT,"
            " KYOZO_ROUTER_PORT and KYOZO_HTTP_PORTS",
        )
    return ok("ports", f"{wanted[0]}, {wanted[1]} and {low}-{high} are free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((DEFAULT_HOST, port))
        except OSError:
            return False
    return True
