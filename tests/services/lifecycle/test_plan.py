"""From an analysis to services in order."""

from typing import Any

import pytest

from detection import Analysis, DetectedDatabase, DetectedService
from detection.model import Edge, Volume
from services.lifecycle import plan


def service(name: str, **facts: Any) -> DetectedService:
    facts = {"service_type": "python", "start_command": "run", **facts}
    return DetectedService(name=name, **facts)


def analysis(*services: DetectedService, **facts: Any) -> Analysis:
    return Analysis(folder="app", service_type="python", confidence=1.0, services=services, **facts)


def names(found: Analysis) -> list[str]:
    return [one.name for one in plan.planned(found)]


def test_what_is_needed_comes_first() -> None:
    found = analysis(
        service("web", depends_on=("api",)),
        service("api", depends_on=("db",)),
        databases=(DetectedDatabase(kind="postgres", name="db", declared=True),),
    )

    assert names(found) == ["db", "api", "web"]


def test_a_guessed_database_is_left_out() -> None:
    found = analysis(
        service("web"),
        databases=(DetectedDatabase(kind="postgres", name="db", declared=False),),
    )

    assert names(found) == ["web"]


def test_a_connection_to_a_declared_database_is_a_need() -> None:
    found = analysis(
        service("web"),
        databases=(DetectedDatabase(kind="redis", name="cache", declared=True),),
        edges=(Edge(source="web", target="cache"),),
    )

    assert plan.needs(found.services[0], found) == ["cache"]


def test_a_connection_between_apps_is_no_need() -> None:
    found = analysis(service("web"), service("api"), edges=(Edge(source="web", target="api"),))

    assert plan.needs(found.services[0], found) == []


def test_services_that_wait_for_each_other_start_side_by_side() -> None:
    found = analysis(service("a", depends_on=("b",)), service("b", depends_on=("a",)))

    assert names(found) == ["a", "b"]


def test_a_need_that_is_not_there_is_no_obstacle() -> None:
    assert names(analysis(service("web", depends_on=("gone",)))) == ["web"]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"process": "cron"}, "kind cron"),
        ({"service_type": "unknown", "start_command": None, "language": "elixir"}, "elixir"),
        ({"start_command": None}, "no start command"),
        ({"volumes": (Volume("users", "/etc/passwd"),)}, "/etc/passwd"),
        ({"volumes": (Volume("all", "/data/../"),)}, "hide what the container runs on"),
    ],
)
def test_what_cannot_be_deployed_says_why(facts: dict[str, Any], words: str) -> None:
    assert words in (plan.why_not(service("web", **facts)) or "")


def test_what_can_be_deployed_has_no_reason_not_to() -> None:
    assert plan.why_not(service("web")) is None
    assert plan.why_not(service("db", process="database", image="postgres:16")) is None
