"""Which port the platform listens on."""

import asyncio
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


def test_an_answer_is_sent_without_delay() -> None:
    assert asyncio.run(_delays_nothing(listen("127.0.0.1", 0, exact=True)))


async def _delays_nothing(listener: socket.socket) -> bool:
    """Whether a connection that an event loop took from it has TCP_NODELAY."""
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = writer.get_extra_info("socket")
        found.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    server = await asyncio.start_server(take, sock=listener)
    _, writer = await asyncio.open_connection(*listener.getsockname())
    no_delay = await found
    writer.close()
    server.close()
    return no_delay != 0
