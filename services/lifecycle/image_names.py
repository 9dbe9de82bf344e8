"""What our images are called: names carry install and team, so that no team can name another's."""

from django.conf import settings

from services.models import Service


def install_prefix() -> str:
    return f"kyozo-{settings.KYOZO['INSTALL']}/"


def team_prefix(service: Service) -> str:
    return f"{install_prefix()}{service.team_id.hex[:12]}/"


def repository(service: Service) -> str:
    return f"{team_prefix(service)}{service.id.hex[:12]}"
