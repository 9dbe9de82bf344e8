"""The Celery app: it only wakes workers up; what is to be done stands in the database."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")

app = Celery("kyozo")
# Without a default app, `shared_task` messages of this process go nowhere, silently.
app.set_default()
app.conf.update(settings.CELERY)
app.conf.task_routes = {"services.lifecycle.tasks.run_builds": {"queue": "builds"}}
app.conf.beat_schedule = {
    "builds": {
        "task": "services.lifecycle.tasks.run_builds",
        "schedule": settings.KYOZO["QUEUE_POLL_S"],
    },
    "lifecycle": {
        "task": "services.lifecycle.tasks.run_lifecycle",
        "schedule": settings.KYOZO["QUEUE_POLL_S"],
    },
    "sweep": {"task": "services.lifecycle.tasks.sweep", "schedule": settings.KYOZO["SWEEP_S"]},
    "health": {"task": "services.monitoring.tasks.check_health", "schedule": 2.0},
    "metrics": {
        "task": "services.monitoring.tasks.collect_metrics",
        "schedule": settings.KYOZO["METRICS_S"],
    },
    "retention": {"task": "services.monitoring.tasks.prune", "schedule": 3600.0},
}
app.autodiscover_tasks(["services.lifecycle", "services.monitoring"])
