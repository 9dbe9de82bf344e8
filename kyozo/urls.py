"""Where each face hangs: REST under /api/v1, health for machines, pages at /."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("services.api.urls")),
    path("", include("services.dashboard.urls")),
]
