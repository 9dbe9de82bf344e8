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
TICKS = {
    "services.lifecycle.tasks.look_at_queues": settings.KYOZO["QUEUE_POLL_S"],
    "services.lifecycle.tasks.sweep": settings.KYOZO["SWEEP_S"],
    "services.lifecycle.tasks.clean": settings.KYOZO["CLEAN_S"],
    "services.lifecycle.tasks.watch_disk": 60.0,
    "services.monitoring.tasks.check_health": 2.0,
    "services.monitoring.tasks.collect_metrics": settings.KYOZO["METRICS_S"],
    "services.monitoring.tasks.prune": 3600.0,
}
# A tick that found no free thread until the next one is due is dropped: ticks never pile up.
app.conf.beat_schedule = {
    task: {"task": task, "schedule": every_s, "options": {"expires": every_s}}
    for task, every_s in TICKS.items()
}
app.autodiscover_tasks(["services.lifecycle", "services.monitoring"])
