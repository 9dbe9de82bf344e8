"""The whole application as a server sees it: REST in WSGI threads behind one ASGI callable."""

from collections.abc import AsyncIterator

import httpx
import pytest

from kyozo.asgi import application
from tests.conftest import Person
from tests.factories import make_token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def headers(alice: Person) -> dict[str, str]:
    return {"X-API-Key": make_token(alice.team, alice.user), "X-Team-ID": str(alice.team.id)}


@pytest.fixture
async def web(headers: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://testserver", headers=headers
    ) as client:
        yield client


async def test_rest_answers_from_its_threads(web: httpx.AsyncClient) -> None:
    answer = await web.get("/api/v1/me")

    assert answer.json()["data"]["user"]["name"] == "alice"


async def test_a_large_body_is_refused_and_the_next_request_works(
    web: httpx.AsyncClient, alice: Person
) -> None:
    path = f"/api/v1/teams/{alice.team.id}/services"
    large = await web.post(
        path, content=b"x" * 5_000_000, headers={"Content-Type": "application/json"}
    )

    assert large.json()["error"]["code"] == "too_large"
    assert (await web.get(path)).status_code == 200


async def test_a_body_in_pieces_arrives_whole(web: httpx.AsyncClient, alice: Person) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for part in (b'{"source": "a', b'b", "target', b'": "c"}'):
            yield part

    answer = await web.put(
        f"/api/v1/teams/{alice.team.id}/image-mappings",
        content=pieces(),
        headers={"Content-Type": "application/json"},
    )

    assert answer.json()["data"] == {"source": "ab", "target": "c"}


@pytest.mark.parametrize("raw", ["é".encode(), b"\xff", b"%ff", b"%00", b"\x7f"])
async def test_any_bytes_in_the_query_are_answered(
    alice: Person, headers: dict[str, str], raw: bytes
) -> None:
    status: list[int] = []

    async def send(message: dict[str, int]) -> None:
        if "status" in message:
            status.append(message["status"])

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b""}

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": f"/api/v1/teams/{alice.team.id}/services",
        "query_string": b"search=" + raw,
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in {"Host": "testserver", **headers}.items()
        ],
    }
    await application(scope, receive, send)

    assert status[0] in {200, 400}


async def test_a_page_s_files_are_streamed(web: httpx.AsyncClient) -> None:
    answer = await web.get("/static/dashboard/app.js")

    assert answer.headers["content-type"].startswith("text/javascript")
    assert int(answer.headers["content-length"]) == len(answer.content)
