"""docs/api.md names every address, error code, frame and close code."""

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver

from services.api.urls import one_team, urlpatterns
from services.live import client, consumers
from tests.repository import ROOT, files

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
CODE = re.compile(r"""\bcode"?(?:: ClassVar\[str\])?\s?[=:]\s?"([a-z_]+(?:\.[a-z_]+)?)\"""")
EVENT = re.compile(r""""event": "([a-z_]+)\"""")


def addresses(routes: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for route in routes:
        here = prefix + str(route.pattern)
        if isinstance(route, URLResolver):
            yield from addresses(route.url_patterns, here)
        elif here:
            yield re.sub(r"<\w+:(\w+)>", r"{\1}", here)


def found(pattern: re.Pattern[str]) -> list[str]:
    texts = (path.read_text(encoding="utf-8") for path in files("*.py", under="services"))
    return sorted({code for text in texts for code in pattern.findall(text)})


@pytest.mark.parametrize("address", sorted(addresses(one_team)))
def test_every_address_of_a_team_is_listed(address: str) -> None:
    assert f"| `{address}` |" in PAGE


def test_every_other_address_is_listed() -> None:
    others = [a for a in addresses(urlpatterns) if not a.startswith("teams/")]

    assert [address for address in others if f"`/{address}`" not in PAGE] == []


@pytest.mark.parametrize("code", found(CODE))
def test_every_error_code_is_explained(code: str) -> None:
    assert f"`{code}`" in PAGE


@pytest.mark.parametrize("event", found(EVENT))
def test_every_frame_is_explained(event: str) -> None:
    assert f"| `{event}` |" in PAGE


def test_every_close_code_is_explained() -> None:
    codes = {client.TOO_SLOW, *consumers.REFUSALS.values()}

    assert {int(code) for code in re.findall(r"^\| (4\d{3}) \|", PAGE, re.MULTILINE)} == codes
