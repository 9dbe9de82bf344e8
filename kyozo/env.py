"""Typed reads of environment variables; settings, platform process and command use them.

Each name may also be given as NAME_FILE, the path of a file that holds the value (for secrets).
"""

import ipaddress
import os
import re
from pathlib import Path

ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingError(Exception):
    """A setting that cannot be used; the message names it and says what is wrong."""


def text(name: str, default: str = "") -> str:
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise SettingError(f"{name}_FILE: {exc.strerror}: {path}") from exc
    return default


def integer(name: str, default: int) -> int:
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError as exc:
        raise SettingError(f"{name} must be a whole number, not {value!r}") from exc


def number(name: str, default: float) -> float:
    value = text(name)
    try:
        return float(value) if value else default
    except ValueError as exc:
        raise SettingError(f"{name} must be a number, not {value!r}") from exc


def boolean(name: str, *, default: bool = False) -> bool:
    value = text(name).lower()
    if value in {"", "0", "1", "true", "false", "yes", "no"}:
        return value in {"1", "true", "yes"} if value else default
    raise SettingError(f"{name} must be true or false, not {value!r}")


def one_of(name: str, *choices: str) -> str:
    """One of a few words; the first is the default."""
    value = text(name, choices[0])
    if value in choices:
        return value
    raise SettingError(f"{name} must be {' or '.join(choices)}, not {value!r}")


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list; empty parts are dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def origins(name: str) -> list[str]:
    """A comma-separated list of exact origins, as browsers say them."""
    found = words(name)
    for origin in found:
        if not ORIGIN.fullmatch(origin):
            raise SettingError(
                f"{name} must be a list of origins such as https://app.example, not {origin!r}"
            )
    return found


def origin(name: str) -> str:
    """One exact origin, or nothing."""
    value = text(name)
    if value and not ORIGIN.fullmatch(value):
        raise SettingError(
            f"{name} must be an origin such as https://kyozo.example.com, without a path and "
            f"without a slash at its end, not {value!r}"
        )
    return value


def port_range(name: str, default: str) -> tuple[int, int]:
    """ "8080-8179" as (8080, 8179)."""
    value = text(name, default)
    low, _, high = value.partition("-")
    if not (low.isdecimal() and high.isdecimal() and 0 < int(low) <= int(high) < 65536):
        raise SettingError(f"{name} must be a range of ports such as {default}, not {value!r}")
    return int(low), int(high)


def networks(name: str) -> list[Network]:
    """A comma-separated list such as 10.0.0.0/8,192.168.7.20."""
    try:
        return [ipaddress.ip_network(word) for word in words(name)]
    except ValueError as exc:
        raise SettingError(f"{name} must be a list of networks: {exc}") from exc


def addresses(name: str) -> list[str]:
    """A comma-separated list such as 127.0.0.1,::1, each in its usual spelling."""
    try:
        return [str(ipaddress.ip_address(word)) for word in words(name)]
    except ValueError as exc:
        raise SettingError(f"{name} must be a list of addresses: {exc}") from exc


def secret(name: str) -> str:
    """A value that has no default anywhere: without it nothing starts."""
    if value := text(name):
        return value
    raise SettingError(f"{name} (or {name}_FILE) is not set; `kyozo up` makes one on its first run")
