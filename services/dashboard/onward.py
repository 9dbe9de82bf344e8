"""Where somebody goes on after they signed in: a page of ours, and nowhere else."""

import re

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

# A path and perhaps a query; neither `//host` nor `/\host`, which browsers take for another place.
OURS = re.compile(r"/(?![/\\])[A-Za-z0-9._~%/?=&-]{0,500}")


def onward(request: HttpRequest) -> str:
    """What `next` says, if it is an address of ours, else nothing."""
    said = request.POST.get("next") or request.GET.get("next") or ""
    if not OURS.fullmatch(said):
        return ""
    is_ours = url_has_allowed_host_and_scheme(
        said, allowed_hosts=None, require_https=request.is_secure()
    )
    return said if is_ours else ""
