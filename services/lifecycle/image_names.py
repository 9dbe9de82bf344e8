"""What our images are called: names carry install and team, so that no team can name another's."""

from django.conf import settings

from services.models import Service

PIN_HOST = "kyozo.invalid"


def install_prefix() -> str:
    return f"kyozo-{settings.KYOZO['INSTALL']}/"


def pins() -> str:
    """Where the names of our own for base images are. No registry can ever be called so: where such
    a name is gone, the builder has nowhere to fetch another image from."""
    return f"{PIN_HOST}/{install_prefix()}base"


def team_prefix(service: Service) -> str:
    return f"{install_prefix()}{service.team_id.hex[:12]}/"


def repository(service: Service) -> str:
    return f"{team_prefix(service)}{service.id.hex[:12]}"
