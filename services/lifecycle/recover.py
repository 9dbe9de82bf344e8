"""What a start of the embedded platform does about the process that was there before."""

import os
import shutil
import socket
import threading
from pathlib import Path

from django.conf import settings

from services.builds.caps import BuildCaps, cap_builds
from services.builds.process import end_leftovers
from services.models import Build, BuildState, Operation, OperationState, Service


def recover() -> str:
    """End what a killed process left behind; answers why builds are uncapped, empty when capped.

    Only for a caller that holds the platform's lock file: it proves that no other embedded
    process lives, so waiting for their leases would be time lost.
    """
    expire_own_leases()
    home = Path(settings.KYOZO["HOME"])
    end_leftovers(home / "builds")
    _drop_half_made_trees(home / "trees")
    caps = BuildCaps(settings.KYOZO["BUILD_MEMORY_MB"], settings.KYOZO["BUILD_CPUS"])
    return cap_builds(caps, engine_url=settings.KYOZO["ENGINE_URL"])


def expire_own_leases() -> int:
    """Free all services at once, for the worker that carries their operations on."""
    return Service.objects.exclude(lease_until=None).update(lease_until=None, claimed_by="")


def hand_back() -> int:
    """Free what this process still holds, so that the next one need not wait for its leases.

    Its last act: threads that still work find themselves fenced out. A claim says which thread of
    which process has it, and names of processes in two containers may be the same but for that.
    """
    own = f"{socket.gethostname()[:40]}:{os.getpid()}"
    names = [f"{own}:{thread.ident}" for thread in threading.enumerate()]
    held = Service.objects.filter(claimed_by__in=names)
    Operation.objects.filter(service__in=held, state=OperationState.RUNNING).update(unended=0)
    return held.update(lease_until=None, claimed_by="")


def _drop_half_made_trees(folder: Path) -> None:
    """Copies of sources that a build was made from; the indexes beside them stay."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)


def drop_ended_trees() -> None:
    """For a worker that is not alone: the copies whose build is not running any more."""
    folder = Path(settings.KYOZO["HOME"]) / "trees"
    # First: a build that begins after this look has a copy that is not in it.
    found = list(folder.iterdir()) if folder.is_dir() else []
    running = Build.objects.filter(state=BuildState.RUNNING).values_list("id", flat=True)
    kept = {build_id.hex for build_id in running}
    for path in found:
        if path.is_dir() and not path.is_symlink() and path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)
