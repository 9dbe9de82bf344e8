"""REST and pages under WSGI: its worker threads keep their database connections."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")

# Makes ours the default Celery app; wake-ups of a request would else go to a broker nobody named.
import kyozo.celery  # noqa: F401

application = get_wsgi_application()
