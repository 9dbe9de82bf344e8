"""Names inside a team's network: a service's name leads to those of its instances that serve.

An instance gets the name when it passes its gate, and loses it when it goes and another one
serves; docs/decisions/0006 has what that costs and why it is done so.
"""

from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import runtime
from services.models import Instance
from services.runtimes.base import Fence


def prepare(row: Instance) -> None:
    """For a container that is made now. Without a port nobody could meet it too early."""
    if row.is_gated:
        return
    config = ReleaseConfig.from_json(row.release.config)
    has_port = config.http_port or config.check_port or config.ports
    row.is_named = not has_port
    row.save(update_fields=["is_named"])


def show(row: Instance, *, fence: Fence) -> None:
    if not row.is_named:
        _set(row, (row.service.name,), fence)
        row.is_named = True


def hide(row: Instance, *, fence: Fence) -> None:
    """Tried once: an engine that will not do it must not keep an instance from ending."""
    row.is_named = False
    row.save(update_fields=["is_named"])
    _set(row, (), fence)


def _set(row: Instance, names: tuple[str, ...], fence: Fence) -> None:
    runtime().set_names(
        row.engine_id, row.network, address=row.address or "", names=names, fence=fence
    )
