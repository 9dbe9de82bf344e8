"""The engine's disk: no build begins when it is nearly full, and a clean-up begins well before."""

import logging

from django.conf import settings

from services.errors import BuildError
from services.lifecycle.clean import clean
from services.lifecycle.engine import runtime

log = logging.getLogger(__name__)


def check_room() -> None:
    """Refuse to build or to fetch on a disk that is nearly full: a full one stops what runs."""
    disk, config = runtime().disk(), settings.KYOZO
    if disk is None or not disk.is_beyond(
        percent=config["DISK_FULL_PERCENT"], free_mb=config["DISK_FREE_MB"]
    ):
        return
    raise BuildError(
        f"the engine's disk is nearly full: {disk}",
        code="build.disk_full",
        params={"stage": "build"},
        fix="free some space: `kyozo clean --dry-run` shows what Kyozo would remove. What runs goes"
        " on meanwhile. KYOZO_DISK_FULL_PERCENT and KYOZO_DISK_FREE_MB set the limit",
    )


def clean_when_filling() -> bool:
    """Clean up before builds have to be refused; whether that was needed."""
    disk, config = runtime().disk(), settings.KYOZO
    free_mb = 2 * config["DISK_FREE_MB"]
    if disk is None or not disk.is_beyond(percent=config["DISK_CLEAN_PERCENT"], free_mb=free_mb):
        return False
    removed = clean().removed
    log.warning("the engine's disk fills up (%s): %d things cleaned away", disk, len(removed))
    return True
