"""What a proxy in front of the platform hides: under which address its pages are found."""

from django.conf import settings
from django.http import HttpRequest


def link_to(path: str, request: HttpRequest) -> str:
    """Where somebody finds the page `path`: under KYOZO_PUBLIC_URL, else where this request went.
    Behind a proxy that speaks TLS a request does not know that people say https."""
    if public := settings.KYOZO["PUBLIC_URL"]:
        return f"{public}{path}"
    return request.build_absolute_uri(path)
