"""Where each face hangs: REST under /api/v1 and its page at /api/docs, other pages at /."""

from django.urls import include, path

from services.api.openapi.views import docs

urlpatterns = [
    path("api/docs", docs, name="api-docs"),
    path("api/v1/", include("services.api.urls")),
    path("", include("services.dashboard.urls")),
]

handler400 = "services.api.errors.bad_request"
handler404 = "services.dashboard.views.not_found"
handler500 = "services.api.errors.server_error"
