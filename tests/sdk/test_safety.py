"""Where the token does not go: to whom nobody vouches for, and to another host."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kyozo_sdk import ConnectionFailedError, ForeignAnswerError
from kyozo_sdk.modes import drive
from kyozo_sdk.sockets import AsyncSocket, SocketUnavailableError, SyncSocket
from tests.sdk.both import Api, Loop
from tests.sdk.conftest import Make
from tests.sdk.scripted import Say, Scripted, scripted
from tests.sources.git_server import make_certificate


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path / "certificate.pem")


@pytest.fixture
def secure(certificate: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a platform behind TLS, and the requests that it could read."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            body = b'{"data": []}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
            """Nothing on the screen."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Server(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Who does not trust the certificate goes."""

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/api/v1", heard
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_of_nobody_is_refused(make: Make, secure: tuple[str, list[str]]) -> None:
    url, heard = secure

    with pytest.raises(ConnectionFailedError) as caught:
        make(base_url=url).services.list()

    assert caught.value.code == "certificate"
    assert "ca_file" in caught.value.fix
    assert heard == []


def test_an_authority_of_ones_own_can_be_named(
    make: Make, secure: tuple[str, list[str]], certificate: Path
) -> None:
    url, heard = secure

    assert make(base_url=url, ca_file=certificate).services.list() == []
    assert len(heard) == 1


def test_it_vouches_for_that_host_only(
    make: Make, secure: tuple[str, list[str]], certificate: Path
) -> None:
    elsewhere = secure[0].replace("127.0.0.1", "localhost")

    with pytest.raises(ConnectionFailedError, match="certificate"):
        make(base_url=elsewhere, ca_file=certificate).services.list()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["get", "start"])
def test_a_redirect_is_not_followed(make: Make, token: str, status: int, method: str) -> None:
    with scripted([Say(200, {"data": {}})]) as other:
        moved = Say(status, b"", {"Location": f"{other.url}/teams/t/services/s"})
        with scripted([moved]) as server, pytest.raises(ForeignAnswerError, match="not a Kyozo"):
            getattr(make(base_url=server.url).services, method)("s")

    assert other.heard == []
    assert token in server.heard[0].headers["authorization"]


@pytest.fixture
def other() -> Iterator[Scripted]:
    with scripted([Say(200, {"data": {}})]) as server:
        yield server


def test_nor_by_the_socket(make: Make, other: Scripted, loop: Loop) -> None:
    moved = Say(302, b"", {"Location": other.url.replace("http", "ws")})
    with scripted([moved]) as server:
        api: Api = make(base_url=server.url)
        address = api._session.place.live(since=0)

        with pytest.raises(SocketUnavailableError):
            SyncSocket.open(address)
        with pytest.raises(SocketUnavailableError):
            loop.run(AsyncSocket.open(address))

    assert len(server.heard) == 2
    assert other.heard == []


def test_the_socket_checks_certificates(
    make: Make, secure: tuple[str, list[str]], loop: Loop
) -> None:
    api = make(base_url=secure[0])

    with pytest.raises(SocketUnavailableError):
        SyncSocket.open(api._session.place.live(since=0))
    with pytest.raises(SocketUnavailableError):
        loop.run(AsyncSocket.open(api._session.place.live(since=0)))
    assert secure[1] == []


def test_the_token_stands_in_no_address(make: Make, token: str) -> None:
    with scripted([Say(200, {"data": {}, "meta": {}})]) as server:
        api = make(base_url=server.url)
        api.services.get("s")
        api.invitations.accept("kyozo_invite_x")

        assert token not in " ".join(heard.path for heard in server.heard)
    assert token not in api._session.place.live(since=0).url


def test_a_new_account_is_made_without_anybodys_token(make: Make) -> None:
    with scripted([Say(201, {"data": {}})]) as server:
        make(base_url=server.url).invitations.accept("x", username="frida", password="secret")
        make(base_url=server.url).platform.is_live()

    assert [("authorization" in heard.headers) for heard in server.heard] == [False, False]


def test_a_blocking_client_takes_no_asynchronous_callback() -> None:
    async def waits() -> None:
        import asyncio  # noqa: PLC0415 - of this test alone

        await asyncio.sleep(0)

    with pytest.raises(TypeError, match="AsyncKyozoAPI"):
        drive(waits())
