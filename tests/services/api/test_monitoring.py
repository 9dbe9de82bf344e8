"""GET /teams/T/services/S/{status,logs,health,metrics}"""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from services.models import HostPort, Instance, Service
from services.monitoring import follow
from tests.conftest import Api
from tests.factories import make_instance

PAGES = ("status", "logs", "health", "metrics")


def test_status_tells_ports_uptime_and_use(api: Api, service: Service) -> None:
    HostPort.objects.create(port=8080, service=service, container_port=3000)
    began = timezone.now() - timedelta(days=2, hours=14, minutes=30, seconds=5)
    make_instance(service, is_routed=True, started_at=began)

    data = api.get(api.at(f"/services/{service.id}/status")).json()["data"]

    assert data["uptime"] == "2d 14h 30m"
    assert data["ports"] == [{"container_port": 3000, "host_port": 8080, "protocol": "tcp"}]
    assert set(data["resource_usage"]) == {"cpu_percent", "memory_percent", "memory_usage_mb"}


def test_logs_come_as_one_text_and_as_lines(api: Api, service: Service) -> None:
    now = timezone.now()
    make_instance(service, removed_at=now, last_lines="one\ntwo <b>")

    data = api.get(api.at(f"/services/{service.id}/logs"), {"lines": 1}).json()["data"]

    assert data["logs"].endswith("two <b>")
    assert [line["text"] for line in data["lines"]] == ["two <b>"]


def test_logs_of_one_instance_that_ended(api: Api, service: Service) -> None:
    for text in ("one", "two"):
        make_instance(service, name=text, removed_at=timezone.now(), last_lines=text)

    data = api.get(api.at(f"/services/{service.id}/logs"), {"instance": "one"}).json()["data"]

    assert [(line["instance"], line["text"]) for line in data["lines"]] == [("one", "one")]


def test_as_many_lines_as_asked_for_come_whatever_their_cursors_would_take(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "MOST_CURSORS", 200)
    kept = "\n".join(f"2026-01-31T12:00:0{number}Z stdout {number}" for number in range(9))
    make_instance(service, removed_at=timezone.now(), last_lines=kept)

    data = api.get(api.at(f"/services/{service.id}/logs"), {"lines": 9}).json()["data"]

    assert len(data["lines"]) == 9


def test_logs_go_on_after_a_cursor(api: Api, service: Service) -> None:
    gone = make_instance(service, removed_at=timezone.now() + timedelta(hours=1))
    first = api.get(api.at(f"/services/{service.id}/logs")).json()["data"]
    Instance.objects.filter(pk=gone.pk).update(
        created_at=timezone.now(), last_lines="2026-01-31T12:00:00.1Z stderr late words"
    )

    again = api.get(api.at(f"/services/{service.id}/logs"), {"cursor": first["cursor"]})

    (line,) = again.json()["data"]["lines"]
    assert (line["text"], line["stream"]) == ("late words", "stderr")


@pytest.mark.parametrize("beside", [{"since": "2030-01-31T12:00:00Z"}, {"lines": "5"}])
def test_a_cursor_goes_with_no_other_beginning(
    api: Api, service: Service, beside: dict[str, str]
) -> None:
    path = api.at(f"/services/{service.id}/logs")
    cursor = api.get(path).json()["data"]["cursor"]

    answer = api.get(path, {"cursor": cursor, **beside})

    assert (answer.status_code, set(answer.json()["error"]["details"])) == (400, set(beside))


def test_a_server_that_cannot_carry_on_answers_the_first_lines(api: Api, service: Service) -> None:
    make_instance(service, removed_at=timezone.now(), last_lines="one\ntwo")

    answer = api.get(api.at(f"/services/{service.id}/logs"), {"follow": "true"})

    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line)["line"] for line in answer.content.splitlines()] == ["one", "two"]


def test_health_shows_the_last_check_and_those_before(api: Api, service: Service) -> None:
    for status in ("unhealthy", "healthy"):
        service.health_checks.create(check_type="http", endpoint="/", status=status)

    data = api.get(api.at(f"/services/{service.id}/health")).json()["data"]

    assert data["last_health_check"]["status"] == "healthy"
    assert [check["status"] for check in data["recent_checks"]] == ["healthy", "unhealthy"]


def test_metrics_have_what_was_measured(api: Api, service: Service) -> None:
    instance = make_instance(service)
    service.metrics.create(instance=instance, metric_type="cpu_percent", value=15.5, unit="percent")

    data = api.get(api.at(f"/services/{service.id}/metrics")).json()["data"]

    assert data["resource_utilization"]["cpu_percent"] == 15.5
    assert data["recent_metrics"][0]["metric_type"] == "cpu_percent"


@pytest.mark.parametrize(
    "query",
    [
        "lines=0",
        "lines=x",
        "stream=disk",
        "since=yesterday",
        "since=0001-01-01",
        "since=0001-01-01T00:00:00%2B01:00",
        "since=9999-12-31T23:59:59-01:00",
        "tail=1",
        "cursor=W10=",
        "cursor=../../etc/passwd",
        "follow=yes",
    ],
)
def test_a_bad_parameter_of_logs_is_refused(api: Api, service: Service, query: str) -> None:
    assert api.get(api.at(f"/services/{service.id}/logs?{query}")).status_code == 400


def test_metrics_over_time_are_summed_and_by_instance(api: Api, service: Service) -> None:
    instance = make_instance(service)
    service.metrics.create(
        instance=instance, metric_type="memory_usage_bytes", value=1024.0, unit="bytes"
    )

    data = api.get(api.at(f"/services/{service.id}/metrics"), {"range": "15m"}).json()["data"]

    series = data["series"]
    assert (series["range_seconds"], series["step_seconds"]) == (900, 30)
    assert [one["memory_usage_bytes"] for one in series["summed"]] == [1024]
    assert [(one["name"], len(one["points"])) for one in series["instances"]] == [
        (instance.name, 1)
    ]
    assert series["summed"][0]["cpu_percent"] is None


@pytest.mark.parametrize("query", ["", "range=1h", "step=1m", "range=1d&step=1h"])
def test_a_service_without_samples_has_empty_lists(api: Api, service: Service, query: str) -> None:
    answer = api.get(api.at(f"/services/{service.id}/metrics?{query}"))

    data = answer.json()["data"]
    assert (answer.status_code, data["recent_metrics"]) == (200, [])
    assert data.get("series", {"summed": []})["summed"] == []


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("range=59s", "range"),
        ("range=1000d", "range"),
        ("range=9999999d", "range"),
        ("range=99999999999999999999", "range"),
        ("range=-1h", "range"),
        ("range=1e3", "range"),
        ("range=%D9%A3h", "range"),
        ("range=0", "range"),
        ("range=0&step=1m", "range"),
        ("step=0", "step"),
        ("step=0h", "step"),
        ("step=5s", "step"),
        ("step=29s", "step"),
        ("range=24h&step=1m", "step"),
        ("range=1h&step=2h", "step"),
        ("step=2d", "range"),
    ],
)
def test_a_range_or_step_that_is_too_much_is_refused(
    api: Api, service: Service, query: str, wrong: str
) -> None:
    answer = api.get(api.at(f"/services/{service.id}/metrics?{query}"))

    assert (answer.status_code, set(answer.json()["error"]["details"])) == (400, {wrong})


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_sees_none_of_it(stranger: Api, service: Service, page: str) -> None:
    assert stranger.get(stranger.at(f"/services/{service.id}/{page}")).status_code == 404
