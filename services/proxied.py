"""What a proxy in front of the platform hides: where its pages are found, and who asks for them."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def link_to(path: str, request: HttpRequest) -> str:
    """Where somebody finds the page `path`: under KYOZO_PUBLIC_URL, else where this request went.
    Behind a proxy that speaks TLS a request does not know that people say https."""
    if public := settings.KYOZO["PUBLIC_URL"]:
        return f"{public}{path}"
    return request.build_absolute_uri(path)


def address_of(request: HttpRequest) -> str:
    """Who asks, for limits and the audit log."""
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR") or "")
    return client_address(str(request.META.get("REMOTE_ADDR") or ""), forwarded)


def client_address(peer: str, forwarded: str) -> str:
    """The peer of the connection; if that is a proxy of ours, the last in X-Forwarded-For that is
    none. What stands before it was sent by whoever liked to. Where the header says nothing that can
    be read, it is the proxy that got it."""
    found = _read(peer)
    if found is None or not _is_proxy(found):
        return peer
    for said in reversed(forwarded.split(",")):
        before = _read(said.strip())
        if before is None:
            break
        found = before
        if not _is_proxy(found):
            break
    return str(found)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """Without zones, which are any text."""
    try:
        found = None if "%" in text else ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_proxy(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in settings.KYOZO["PROXY_ADDRESSES"])
