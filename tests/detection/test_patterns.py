"""No text keeps a regular expression busy for longer than it is long.

One that is quadratic takes a hundred times as long for ten times the text, so a file of a few
megabytes hours. Each is tried with long text of its own pieces, and again with four times as much
where that took a while: what is linear takes four times as long then, what is not sixteen times.
"""

import time
from collections.abc import Iterator

import pytest

from tests.detection import patterns
from tests.detection.patterns import Use

COUNT = 1000
# Of the processor; what is linear needs a tenth of it.
SUSPECT_S = 0.001
TOO_MUCH_LONGER = 9


def _seconds(use: Use, text: str) -> float:
    """The best of three: a machine with much to do makes some slower."""
    best = float("inf")
    for _ in range(3):
        began = time.thread_time()
        use.run(text)
        best = min(best, time.thread_time() - began)
        if best < SUSPECT_S:
            break
    return best


def slow(use: Use) -> Iterator[str]:
    """The beginning of each text that takes more than its length."""
    longer = patterns.attacks(use, 4 * COUNT)
    for text, four_times in zip(patterns.attacks(use, COUNT), longer, strict=True):
        took = _seconds(use, text)
        if took > SUSPECT_S and _seconds(use, four_times) > TOO_MUCH_LONGER * took:
            yield text[:40]


@pytest.mark.parametrize("module", [m for m in patterns.modules() if patterns.uses(m)])
def test_every_pattern_is_linear(module: str) -> None:
    found = {use.text: next(slow(use), None) for use in patterns.uses(module)}

    assert {text: attack for text, attack in found.items() if attack} == {}


@pytest.mark.parametrize(
    "text",
    [
        r"\s+#.*$",
        r"\s*(?:,|\|\|?)\s*",
        r"^\s*gem\s*\(?\s*[\"']",
        r'"(?:\\.|[^"\\])*"',
        r"<!--.*?-->",
        r"([\w$]+)\s*:",
        r"asks=\[(.*?)\]",
    ],
)
def test_one_that_is_not_is_found(text: str) -> None:
    assert next(slow(Use(text, 24, {"search"})), None) is not None


def test_patterns_are_found_wherever_they_stand() -> None:
    assert len([use for module in patterns.modules() for use in patterns.uses(module)]) > 200
    in_table = patterns.uses("detection.providers.others")
    assert any(r"swift-tools-version" in use.text for use in in_table)
    in_call = patterns.uses("detection.providers.static")
    assert any("<div" in use.text and use.methods == {"search"} for use in in_call)
    compiled = patterns.uses("detection.versions")
    assert any(use.methods == {"split"} for use in compiled)
