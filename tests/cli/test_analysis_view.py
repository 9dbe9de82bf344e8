"""What `kyozo deploy` says a service is, of the JSON of an analysis."""

from typing import Any

import pytest

from kyozo.cli.analysis_view import show
from kyozo.cli.screen import Screen


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"language": "typescript", "language_version": "22"}, "a: typescript on Node 22"),
        ({"language": "javascript", "language_version": None}, "a: javascript"),
        (
            {"language": "python", "language_version": "3.11", "framework": "flask"},
            "a: flask, python 3.11",
        ),
        ({"service_type": "static"}, "a: static"),
    ],
)
def test_a_version_is_said_of_what_it_is_of(
    row: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show(Screen(), {"services": [{"name": "a", "confidence": 0.9, **row}]})

    assert f"{said} (90% sure)" in capsys.readouterr().out
