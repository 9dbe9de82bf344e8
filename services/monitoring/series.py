"""A service's resource use over time: one value of each figure for each step."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max, Sum
from django.db.models.functions import Trunc
from django.utils import timezone

from services.models import Metric, Service
from services.monitoring.metrics import UNITS

MOST_POINTS = 500
USUAL_RANGE_S = 3600
USUAL_POINTS = 60
LEAST_STEP_S = 10
# What only grows: within a step the last value is the largest one.
COUNTERS = frozenset(
    {"network_rx_bytes", "network_tx_bytes", "disk_read_bytes", "disk_write_bytes"}
)

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Window:
    """The last `range_s` seconds in steps of `step_s`."""

    range_s: int
    step_s: int

    @classmethod
    def of(cls, range_s: int | None, step_s: int | None) -> "Window":
        """What was not said fits to what was."""
        span = max(USUAL_RANGE_S, step_s or 0) if range_s is None else range_s
        usual = min(span, max(_sampled_s(), -(-span // USUAL_POINTS)))
        return cls(span, usual if step_s is None else step_s)

    @property
    def least_step_s(self) -> int:
        """Below the time between two samples every other step would be empty."""
        return min(self.range_s, max(_sampled_s(), -(-self.range_s // MOST_POINTS)))

    @property
    def precision(self) -> str:
        """How far the database may add up what falls into one step."""
        return "second" if self.step_s % 60 else "minute"

    def begin(self, at: datetime) -> datetime:
        """When the step began that a moment is in."""
        seconds = int(at.timestamp())
        return datetime.fromtimestamp(seconds - seconds % self.step_s, UTC)


def _sampled_s() -> int:
    sampled_s: int = ceil(settings.KYOZO["METRICS_S"])
    return max(LEAST_STEP_S, sampled_s)


@dataclass(frozen=True, slots=True)
class Point:
    at: datetime
    figures: Figures


@dataclass(frozen=True, slots=True)
class InstanceSeries:
    instance_id: UUID
    name: str
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Series:
    """Steps without a sample are left out; without any, the lists are empty."""

    summed: list[Point]
    instances: list[InstanceSeries]


@dataclass(slots=True)
class _Cell:
    total: float = 0
    count: int = 0
    most: float = 0

    def add(self, total: float, count: int, most: float) -> None:
        self.total += total
        self.count += count
        self.most = max(self.most, most)

    def value(self, name: str) -> float:
        return self.most if name in COUNTERS else round(self.total / self.count, 2)


@dataclass(slots=True)
class _Steps:
    name: str
    cells: dict[datetime, dict[str, _Cell]] = field(default_factory=dict)

    def points(self) -> list[Point]:
        return [
            Point(at, {name: cell.value(name) for name, cell in found.items()})
            for at, found in sorted(self.cells.items())
        ]


def series(service: Service, window: Window) -> Series:
    """One query, whatever the range and however many instances there were."""
    found: dict[UUID, _Steps] = {}
    rows = (
        Metric.objects.filter(
            service=service,
            instance__isnull=False,
            metric_type__in=list(UNITS),
            collected_at__gte=timezone.now() - timedelta(seconds=window.range_s),
        )
        .annotate(moment=Trunc("collected_at", window.precision))
        .order_by("instance_id")
        .values_list("instance_id", "instance__name", "metric_type", "moment")
        .annotate(total=Sum("value"), count=Count("id"), most=Max("value"))
    )
    # Tens of thousands in the finest steps of a day: not all of them at once.
    for key, instance, name, moment, total, count, most in rows.iterator():
        steps = found.setdefault(key, _Steps(instance))
        cells = steps.cells.setdefault(window.begin(moment), {})
        cells.setdefault(name, _Cell()).add(total, count, most)
    instances = [InstanceSeries(key, one.name, one.points()) for key, one in found.items()]
    instances.sort(key=lambda one: (one.points[0].at, one.name))
    return Series(_summed(one.points for one in instances), instances)


def _summed(series_of_all: Iterable[list[Point]]) -> list[Point]:
    sums: dict[datetime, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for points in series_of_all:
        for point in points:
            for name, value in point.figures.items():
                sums[point.at][name] += value
    return [Point(at, _with_share(found)) for at, found in sorted(sums.items())]


def _with_share(figures: Figures) -> Figures:
    """Percentages of memory do not add up: it is the share of all that all may use."""
    used, limit = figures.get("memory_usage_bytes"), figures.get("memory_limit_bytes")
    rest = {name: round(value, 2) for name, value in figures.items() if name != "memory_percent"}
    return rest | ({"memory_percent": round(100 * used / limit, 2)} if used and limit else {})
