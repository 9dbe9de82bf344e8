"""Each piece of a build log is shown once and in order, whichever way it came."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from kyozo.cli.answers import Operation
from kyozo.cli.build_logs import BuildLogs

if TYPE_CHECKING:
    from kyozo.cli.client import Api

CHUNKS = ["one\ntw", "o\n", "three"]


class Stored:
    """The part of the client that build logs use, with the pieces that are stored."""

    def team_path(self, path: str) -> str:
        return path

    def get(self, path: str, *, after: int) -> dict[str, Any]:
        pieces = [{"number": n, "text": text} for n, text in enumerate(CHUNKS, 1) if n > after]
        return {"chunks": pieces, "last": len(CHUNKS)}


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def logs(shown: list[str]) -> BuildLogs:
    def show(name: str, line: str) -> None:
        shown.append(f"{name} {line}")

    return BuildLogs(cast("Api", Stored()), names={"S": "api"}, show=show)


def frame(number: int, service: str = "S") -> dict[str, Any]:
    text = CHUNKS[number - 1]
    return {"build_id": "B", "service_id": service, "number": number, "text": text}


def operation() -> Operation:
    return Operation.parse({"id": "1", "build_id": "B", "service_name": "api"})


def test_lines_are_put_together_across_pieces(logs: BuildLogs, shown: list[str]) -> None:
    logs.hear(frame(1))
    logs.hear(frame(2))

    assert shown == ["api one", "api two"]


def test_a_repeated_piece_is_shown_once(logs: BuildLogs, shown: list[str]) -> None:
    logs.hear(frame(1))
    logs.hear(frame(1))

    assert shown == ["api one"]


def test_a_gap_is_filled_by_asking(logs: BuildLogs, shown: list[str]) -> None:
    logs.hear(frame(3))

    assert shown == ["api one", "api two"]


def test_the_last_line_needs_no_newline(logs: BuildLogs, shown: list[str]) -> None:
    logs.finish([operation()])

    assert shown == ["api one", "api two", "api three"]


def test_a_service_that_is_not_followed_is_not_shown(logs: BuildLogs, shown: list[str]) -> None:
    logs.hear(frame(1, service="other"))

    assert shown == []
