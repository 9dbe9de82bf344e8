"""Which port the platform listens on."""

import socket
from collections.abc import Iterator

import pytest

from kyozo.platform.listener import ListenError, listen


@pytest.fixture
def foreign() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield int(taken.getsockname()[1])


def test_the_next_port_is_taken_when_the_usual_one_is_not_free(foreign: int) -> None:
    with listen("127.0.0.1", foreign, exact=False) as found:
        assert foreign < found.getsockname()[1] < foreign + 10


def test_exactly_that_port_or_none(foreign: int) -> None:
    with pytest.raises(ListenError, match=f"port {foreign} is taken"):
        listen("127.0.0.1", foreign, exact=True)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ListenError, match="cannot listen on"):
        listen("192.0.2.1", 0, exact=True)
