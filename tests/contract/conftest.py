"""The workspace the document speaks of, and its service `my-web-app`, deployed."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from services.lifecycle.update import deploy_with
from services.models import Service, Workspace
from tests.conftest import Person
from tests.factories import make_service, make_workspace
from tests.services.lifecycle.conftest import SHORT
from tests.services.lifecycle.working import carry_out_all

PACKAGE = '{"scripts": {"start": "node server.js"}, "dependencies": {"express": "4.19.2"}}'
LOCK = '{"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "4.19.2"}}}}'
NODE = {"package.json": PACKAGE, "package-lock.json": LOCK, "server.js": "require('express')\n"}
PYTHON = {
    "requirements.txt": "flask==3.0.0\npsycopg2-binary==2.9.9\nredis==5.0.0\n",
    "app.py": "from flask import Flask\n\napp = Flask(__name__)\n",
}
OWN_IMAGE = {"Dockerfile": 'FROM node:22\nCOPY . .\nEXPOSE 3000\nCMD ["node", "server.js"]\n'}
FOLDERS = {
    "app/web-frontend": NODE | OWN_IMAGE,
    "app/backend-api": NODE | OWN_IMAGE,
    "app/microservice-a": NODE,
    "shop/frontend": NODE,
    "shop/api": PYTHON,
}


@pytest.fixture(autouse=True)
def _short_times(settings: Settings) -> None:
    settings.KYOZO = {**settings.KYOZO, **SHORT}


@pytest.fixture
def workspace(alice: Person, tmp_path: Path) -> Workspace:
    for name, texts in FOLDERS.items():
        folder = tmp_path / "project" / name
        folder.mkdir(parents=True)
        for file, text in texts.items():
            (folder / file).write_text(text)
    return make_workspace(alice.team, name="My Project", root=str(tmp_path / "project"))


@pytest.fixture
def web(alice: Person, workspace: Workspace) -> Service:
    """As the document shows it: it runs, was checked and measured."""
    service = make_service(
        alice.team,
        workspace=workspace,
        name="my-web-app",
        folder_path="/app/web-frontend",
        detected_in="/app/web-frontend",
        deployment_config={
            "dockerfile_path": "Dockerfile",
            "build_context": "./",
            "auto_deploy": True,
        },
        environment={"NODE_ENV": "production", "PORT": "3000"},
        resource_limits={"memory_mb": 512, "cpu_cores": 1},
        health_check_config={
            "enabled": True,
            "type": "http",
            "endpoint": "/health",
            "interval_seconds": 30,
            "timeout_seconds": 5,
            "retries": 3,
        },
        scaling_config={"min_replicas": 1, "max_replicas": 5, "auto_scaling_enabled": False},
    )
    deploy_with(service, {"type": "nodejs"}, actor="alice")
    carry_out_all()
    _measure(service)
    service.refresh_from_db()
    return service


def _measure(service: Service) -> None:
    instance = service.instances.alive().get()
    instance.started_at = timezone.now() - timedelta(days=2, hours=14, minutes=30)
    instance.last_lines = "Server started on port 3000"
    instance.save()
    for status in ("unhealthy", "healthy"):
        service.health_checks.create(
            check_type="http",
            endpoint="/health",
            status=status,
            response_time_ms=125,
            status_code=200,
        )
    for name, value in MEASURED.items():
        service.metrics.create(instance=instance, metric_type=name, value=value, unit="bytes")


MEASURED = {
    "cpu_percent": 15.5,
    "memory_usage_bytes": 242221056,
    "memory_limit_bytes": 536870912,
    "network_rx_bytes": 1048576,
    "network_tx_bytes": 2097152,
    "disk_read_bytes": 524288,
    "disk_write_bytes": 1048576,
}
