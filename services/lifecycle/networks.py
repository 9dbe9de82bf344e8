"""Team networks cut from `KYOZO_NETWORKS`, and the fixed address of each instance.

An address that was given up goes at once to the next container of anyone, so ours rest for ten
minutes before they are given again: a router or probe that is a moment late meets nobody.
"""

import ipaddress
import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from services.errors import ConflictError, EngineError
from services.lifecycle.engine import runtime
from services.models import Instance, TeamNetwork
from services.runtimes.base import LABEL_INSTALL, LABEL_TEAM, Network
from services.teams.models import Team

log = logging.getLogger(__name__)

FIRST_HOST = 10  # the gateway is .1; a few are left free for people
CLASH = "engine.network_clash"


def team_network(team: Team) -> Network:
    """The team's network, made on the engine if it is not there (any more)."""
    for _ in range(64):
        row = TeamNetwork.objects.filter(team=team).first() or _cut(team)
        try:
            return _adopted(row, _ensure(row, team))
        except EngineError as exc:
            if exc.error_code != CLASH or Instance.objects.filter(network=row.name).exists():
                raise
            _recut(row)
    raise _exhausted()


def _adopted(row: TeamNetwork, found: Network) -> Network:
    """The network that is there wins over the row: while one worker made it, another may have met
    its half-made bridge and cut a new subnet."""
    if found.subnet != row.subnet:
        with suppress(IntegrityError), transaction.atomic():
            TeamNetwork.objects.filter(pk=row.pk).update(subnet=found.subnet)
    return found


def remove_unused() -> None:
    """Those without an instance of ours; the next deploy makes them again, with their subnets."""
    used = Instance.objects.alive().values("network")
    for row in TeamNetwork.objects.exclude(name__in=used):
        try:
            runtime().remove_network(row.name)
        except EngineError as exc:  # a container of somebody else's is in it
            log.warning("the network %s stays: %s", row.name, exc.message)


def _exhausted() -> ConflictError:
    return ConflictError(
        f"no free subnet is left in {settings.KYOZO['NETWORKS']}",
        code="network.exhausted",
        fix="set KYOZO_NETWORKS to a larger range",
    )


def _ensure(row: TeamNetwork, team: Team) -> Network:
    gateway = str(ipaddress.ip_network(row.subnet)[1])
    network = Network(name=row.name, subnet=row.subnet, gateway=gateway)
    labels = {LABEL_INSTALL: settings.KYOZO["INSTALL"], LABEL_TEAM: str(team.id)}
    return runtime().ensure_network(network, labels=labels)


def _cut(team: Team) -> TeamNetwork:
    name = f"kyozo-{settings.KYOZO['INSTALL']}-{team.id.hex[:12]}"
    for subnet in _free_subnets(after=None):
        try:
            with transaction.atomic():
                return TeamNetwork.objects.create(team=team, name=name, subnet=subnet)
        except IntegrityError:
            if row := TeamNetwork.objects.filter(team=team).first():
                return row
    raise _exhausted()


def _recut(row: TeamNetwork) -> None:
    free = next(_free_subnets(after=row.subnet), None)
    if free is None:
        raise _exhausted()
    row.subnet = free
    row.save(update_fields=["subnet"])


def _free_subnets(*, after: str | None) -> Iterator[str]:
    used = set(TeamNetwork.objects.values_list("subnet", flat=True))
    whole = ipaddress.ip_network(settings.KYOZO["NETWORKS"])
    start = ipaddress.ip_network(after) if after else None
    for subnet in whole.subnets(new_prefix=max(24, whole.prefixlen)):
        if str(subnet) not in used and (start is None or subnet > start):  # type: ignore[operator]
            yield str(subnet)


def give_address(instance_id: uuid.UUID, network: Network, *, refused: Sequence[str] = ()) -> str:
    """Write a free address of the network into an instance's row and return it: none that the
    engine `refused` just now, and those that follow the last of these first."""
    for address in free_addresses(network, behind=refused[-1] if refused else None):
        if address in refused:
            continue
        try:
            with transaction.atomic():
                Instance.objects.filter(pk=instance_id).update(
                    network=network.name, address=address
                )
        except IntegrityError:
            continue  # another worker was faster
        return address
    raise ConflictError(
        f"all addresses of the team's network {network.subnet} are in use",
        code="network.full",
        fix="remove services or replicas of this team",
    )


def free_addresses(network: Network, *, behind: str | None = None) -> list[str]:
    """Never-used ones first, from `behind` on and round again, then those that rested longest; none
    that is in use. It goes on behind the newest instance: what an engine refuses is met once in a
    round, and not with each instance."""
    known = Instance.objects.filter(network=network.name).exclude(address=None)
    rows = list(known.order_by("created_at", "address").values_list("address", "removed_at"))
    hosts = _round(network, behind=behind or (rows[-1][0] if rows else None))
    used = {address for address, removed in rows if removed is None}
    left: dict[str, float] = {}
    for address, removed in rows:
        if address is not None and removed is not None and address not in used:
            left[address] = max(left.get(address, 0.0), removed.timestamp())
    resting = timezone.now() - timedelta(seconds=settings.KYOZO["ADDRESS_REST_S"])
    fresh = [host for host in hosts if host not in used and host not in left]
    rested = sorted((at, host) for host, at in left.items() if host in hosts)
    ready = [host for at, host in rested if at < resting.timestamp()]
    return [*fresh, *ready] or [host for _, host in rested]


def _round(network: Network, *, behind: str | None) -> list[str]:
    hosts = [str(host) for host in ipaddress.ip_network(network.subnet)][FIRST_HOST:-1]
    cut = hosts.index(behind) + 1 if behind in hosts else 0
    return [*hosts[cut:], *hosts[:cut]]
