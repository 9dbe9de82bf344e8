"""One installation of the platform on an engine of its own, with this process as a part of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dj_database_url
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from tests.runner.run import Run

# Shorter than anybody's, so that losing a worker costs seconds.
SHORT = {
    "KYOZO_LEASE_S": "2",
    "KYOZO_LEASE_RENEW_S": "0.5",
    "KYOZO_SWEEP_S": "1",
    "KYOZO_QUEUE_POLL_S": "0.3",
    "KYOZO_SETTLE_S": "0.5",
    "KYOZO_DRAIN_S": "3",
    "KYOZO_STOP_GRACE_S": "1",
    "KYOZO_GATE_MAX_S": "40",
    "KYOZO_DATABASE_POOL": "24",
}
LEASE_S = 2.0
SWEEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Installation:
    """PostgreSQL, because several workers share it. `worker_url`: where they look for the engine;
    `servers`: where for the database, and for Redis if they do."""

    run: Run
    engine_url: str
    worker_url: str
    servers: Mapping[str, str]

    @property
    def label(self) -> str:
        return self.environment["KYOZO_INSTALL"]

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.run.platform_environment,
            **SHORT,
            **self.servers,
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "DOCKER_HOST": self.worker_url,
            "KYOZO_IMAGE_SOURCE": "local",
            "KYOZO_SECRET_KEY": settings.SECRET_KEY,
        }

    @property
    def settings(self) -> dict[str, Any]:
        """Those of this process that must be the workers' too."""
        return {
            "HOME": self.run.folder / "home",
            "INSTALL": self.label,
            "RUNTIME": "docker",
            "ENGINE_URL": self.engine_url,
        }

    @property
    def database(self) -> dict[str, Any]:
        return dict(dj_database_url.parse(self.servers["DATABASE_URL"]))


@contextmanager
def joined(installation: Installation) -> Iterator[None]:
    """What this process asks for goes to the installation's database, where its workers find it.

    They get no wake-up from here: it is lost, every time.
    """
    before = {name: settings.KYOZO[name] for name in installation.settings}
    usual = connections.settings["default"]
    _use(connections.configure_settings({"default": installation.database})["default"])
    settings.KYOZO.update(installation.settings)
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        settings.KYOZO.update(before)
        _use(usual)


def _use(database: dict[str, Any]) -> None:
    connections["default"].close()
    del connections["default"]
    connections.settings["default"] = database
