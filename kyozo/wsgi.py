"""REST and pages under WSGI: its worker threads keep their database connections."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")
application = get_wsgi_application()
