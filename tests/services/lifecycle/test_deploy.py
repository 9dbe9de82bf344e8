"""Deploying: what changes, what stays, and what a failure leaves behind."""

from services.lifecycle.deploy import deploy
from services.models import Service
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import done, only


def test_a_first_deploy_ends_with_a_serving_instance(service: Service, engine: FakeRuntime) -> None:
    operation = done(lambda: deploy(service, actor="alice"))

    service.refresh_from_db()
    assert (operation.state, operation.error) == ("succeeded", {})
    assert (service.status, service.current_replicas) == ("running", 1)
    assert only(service).is_routed
    assert len(engine.engine.boxes()) == 1
