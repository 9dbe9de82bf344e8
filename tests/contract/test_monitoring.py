"""Monitoring & Diagnostics: status, logs, metrics, health."""

import pytest

from services.models import Service
from tests.conftest import Api
from tests.contract.document import missing

PAGES = {
    "Get Service Status": "status",
    "Get Service Logs": "logs",
    "Get Service Metrics": "metrics",
    "Get Service Health": "health",
}


@pytest.mark.parametrize("section", PAGES)
def test_every_page_has_the_documents_fields(api: Api, web: Service, section: str) -> None:
    answer = api.get(api.at(f"/services/{web.id}/{PAGES[section]}"))

    assert answer.status_code == 200
    assert missing(section, answer.json()) == []


def test_status_says_uptime_and_outcome_as_the_document_does(api: Api, web: Service) -> None:
    data = api.get(api.at(f"/services/{web.id}/status")).json()["data"]

    assert (data["uptime"], data["deployment_status"]) == ("2d 14h 30m", "Deployment successful")


@pytest.mark.parametrize("page", PAGES.values())
def test_a_service_that_never_ran_has_all_pages(api: Api, service: Service, page: str) -> None:
    assert api.get(api.at(f"/services/{service.id}/{page}")).status_code == 200


def test_logs_take_the_documents_parameters(api: Api, web: Service) -> None:
    answer = api.get(api.at(f"/services/{web.id}/logs?lines=100&follow=false"))

    assert answer.status_code == 200
