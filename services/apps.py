"""Django's entry for the app `services`."""

from django.apps import AppConfig
from django.conf import settings


class ServicesConfig(AppConfig):
    name = "services"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if url := settings.KYOZO["REDIS_URL"]:
            from services import relay  # noqa: PLC0415 - it needs the models, and megabytes

            relay.begin(url)
