"""Where each face hangs: REST under /api/v1 and its page at /api/docs, other pages at /.

/health is here once more, short, for what watches machines."""

from django.urls import include, path, re_path

from services.api import errors, health
from services.api.openapi.views import docs

urlpatterns = [
    path("api/docs", docs, name="api-docs"),
    path("api/v1/", include("services.api.urls")),
    re_path(r"^api(/|$)", errors.not_found),
    path("health", health.Ready.as_view()),
    path("health/live", health.Live.as_view()),
    path("health/ready", health.Ready.as_view()),
    path("", include("services.dashboard.urls")),
]

handler400 = "services.api.errors.bad_request"
handler404 = "services.dashboard.views.not_found"
handler500 = "services.api.errors.server_error"
