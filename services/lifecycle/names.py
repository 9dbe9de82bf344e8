"""Names inside a team's network: a service's name leads to those of its instances that serve.

An instance gets the name when it passes its gate, and loses it when it goes and another one
serves; docs/decisions/0006 has what that costs and why it is done so.
"""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from services.lifecycle.claims import Claim, fenced
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import runtime
from services.models import Instance

REST_S = 2.0


def prepare(row: Instance, *, fence: Claim) -> None:
    """For a container that is made now. Without a port nobody could meet it too early."""
    if row.is_gated:
        return
    config = ReleaseConfig.from_json(row.release.config)
    has_port = config.http_port or config.check_port or config.ports
    row.is_named = not has_port
    with fenced(fence):
        row.save(update_fields=["is_named"])


def show(row: Instance, *, fence: Claim) -> None:
    if not row.is_named:
        _set(row, (row.service.name,), fence)
        row.is_named = True


def hide(row: Instance, *, fence: Claim) -> None:
    """Tried once: an engine that will not do it must not keep an instance from ending."""
    row.is_named, row.hidden_at = False, timezone.now()
    with fenced(fence):
        row.save(update_fields=["is_named", "hidden_at"])
    _set(row, (), fence)


def is_forgotten(row: Instance) -> bool:
    """Whether those who asked for the name just before it was taken have come by now: what they
    sent while the network changed is sent again after a second."""
    rest = timedelta(seconds=min(REST_S, settings.KYOZO["DRAIN_S"] / 2))
    return row.hidden_at is None or timezone.now() - row.hidden_at >= rest


def _set(row: Instance, names: tuple[str, ...], fence: Claim) -> None:
    runtime().set_names(
        row.engine_id, row.network, address=row.address or "", names=names, fence=fence
    )
