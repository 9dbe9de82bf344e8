"""Django's entry for the nested app; its label is `teams`."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "services.teams"
    label = "teams"
    default_auto_field = "django.db.models.BigAutoField"
