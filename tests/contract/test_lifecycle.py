"""Service Lifecycle Operations: the answer says at once what was asked for."""

from typing import Any

from services.lifecycle.stop import stop
from services.models import Service
from tests.conftest import Api
from tests.contract.document import missing, request, response
from tests.services.lifecycle.working import carry_out_all


def ask(api: Api, service: Service, verb: str, body: Any = None) -> dict[str, Any]:
    answer = api.post(api.at(f"/services/{service.id}/{verb}"), body)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def holds(section: str, got: dict[str, Any]) -> bool:
    """All fields, and the very status that the document shows."""
    assert missing(section, got) == []
    return bool(got["data"]["status"] == response(section)["data"]["status"])


def test_start_service(api: Api, web: Service) -> None:
    stop(web, actor="alice")
    carry_out_all()

    assert holds("Start Service", ask(api, web, "start"))


def test_stop_service(api: Api, web: Service) -> None:
    assert holds("Stop Service", ask(api, web, "stop"))


def test_restart_service(api: Api, web: Service) -> None:
    assert holds("Restart Service", ask(api, web, "restart"))


def test_scale_service(api: Api, web: Service) -> None:
    body = request("Scale Service")

    got = ask(api, web, "scale", body)

    assert holds("Scale Service", got)
    assert got["data"]["scaling_config"]["target_replicas"] == body["replica_count"]


def test_the_status_is_the_same_when_it_is_asked_for(api: Api, web: Service) -> None:
    said = ask(api, web, "restart")["data"]["status"]

    assert api.get(api.at(f"/services/{web.id}")).json()["data"]["status"] == said


def test_what_was_asked_for_comes_true(api: Api, web: Service) -> None:
    ask(api, web, "scale", request("Scale Service"))
    carry_out_all()

    data = api.get(api.at(f"/services/{web.id}")).json()["data"]
    assert (data["status"], data["scaling_config"]["current_replicas"]) == ("running", 3)
