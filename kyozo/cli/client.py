"""A small REST client: one team, one token, answers unwrapped, errors turned into sentences."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from kyozo.cli.errors import USAGE, ApiError, CliError, UnreachableError
from kyozo.cli.screen import one_line

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
CONNECT_S = 5
READ_S = 60  # an analysis may take half of it
UPLOAD_S = 600  # what was sent is unpacked before the answer
RATE_LIMIT_TRIES = 2
RATE_LIMIT_WAIT_S = 30


def is_loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in LOOPBACK


@dataclass(frozen=True, slots=True)
class Answer:
    data: Any
    meta: Mapping[str, Any] = field(default_factory=dict)


class Api:
    """Paths are relative to /api/v1; those of the team are made by `team_path`."""

    def __init__(self, url: str, *, token: str, team_id: str = "") -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.team_id = team_id
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            self._http = httpx.Client(
                base_url=f"{self.url}/api/v1",
                headers=headers | ({"X-Team-ID": team_id} if team_id else {}),
                timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
                # Reading all certificates takes its time, and plain HTTP needs none (redirects are
                # not followed).
                verify=self.url.startswith("https:"),
                # A proxy meant for the internet cannot reach this machine's own address.
                trust_env=not is_loopback(self.url),
            )
        except (httpx.InvalidURL, ValueError) as exc:
            raise CliError(
                f"no request can be made of this address, token and team: {one_line(exc)}",
                fix="check --url, --token and --team",
                code="usage",
                status=USAGE,
            ) from exc

    def close(self) -> None:
        self._http.close()

    def team_path(self, path: str) -> str:
        return f"/teams/{self.team_id}{path}"

    def get(self, path: str, **params: object) -> Any:
        given = {name: str(value) for name, value in params.items() if value not in {None, ""}}
        return self.call("GET", path, params=given).data

    def get_all(self, path: str, **params: object) -> list[Any]:
        """A list, page by page."""
        given = {name: str(value) for name, value in params.items() if value not in {None, ""}}
        found: list[Any] = []
        while True:
            answer = self.call("GET", path, params=given)
            found += answer.data
            if not answer.meta.get("next"):
                return found
            given["after"] = str(answer.meta["next"])

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, wait_s: float = READ_S
    ) -> Answer:
        return self.call("POST", path, body=body or {}, wait_s=wait_s)

    def delete(self, path: str, **params: str) -> None:
        self.call("DELETE", path, params=params)

    def upload(self, method: str, path: str, file: IO[bytes], **params: str) -> Any:
        """A tar.gz file, sent piece by piece."""

        def send() -> httpx.Response:
            file.seek(0)
            headers = {"Content-Type": "application/gzip"}
            waits = httpx.Timeout(UPLOAD_S, connect=CONNECT_S)
            return self._http.request(
                method, path, content=file, params=params, headers=headers, timeout=waits
            )

        return self._answer(send).data

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        wait_s: float = READ_S,
    ) -> Answer:
        waits = httpx.Timeout(wait_s, connect=CONNECT_S)

        def send() -> httpx.Response:
            return self._http.request(method, path, json=body, params=params, timeout=waits)

        return self._answer(send)

    def _answer(self, send: Callable[[], httpx.Response]) -> Answer:
        answer = self._sent(send)
        for _ in range(RATE_LIMIT_TRIES):
            if answer.status_code != 429:
                break
            time.sleep(_asked_wait(answer))
            answer = self._sent(send)
        if answer.is_error:
            raise _refusal(answer)
        content = _json(answer) if answer.content else {}
        return Answer(content.get("data"), content.get("meta") or {})

    def _sent(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            return send()
        except httpx.TimeoutException as exc:
            raise UnreachableError(
                f"the platform at {self.url} gave no answer in time",
                fix="see `kyozo doctor`, or try again",
                code="platform.timeout",
            ) from exc
        except (httpx.TransportError, httpx.InvalidURL) as exc:
            raise UnreachableError(
                f"no platform answers at {self.url}: {one_line(exc)}",
                fix="start it with `kyozo up`, or check --url",
                code="platform.unreachable",
            ) from exc


def _asked_wait(answer: httpx.Response) -> float:
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), RATE_LIMIT_WAIT_S) if asked.isdecimal() else 1.0


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        content = None
    if isinstance(content, dict):
        return content
    raise ApiError(
        f"what answers at {answer.url.host} is not a Kyozo platform",
        http_status=answer.status_code,
        code="platform.foreign",
        fix="check --url",
        lines=(),
    )


def _refusal(answer: httpx.Response) -> ApiError:
    error = _json(answer).get("error")
    error = error if isinstance(error, dict) else {}
    details = error.get("details")
    lines = tuple(
        f"{name}: {one_line(complaint)}"
        for name, complaints in (details.items() if isinstance(details, dict) else ())
        for complaint in (complaints if isinstance(complaints, list) else [complaints])
    )
    return ApiError(
        str(error.get("message") or f"the platform answered {answer.status_code}"),
        http_status=answer.status_code,
        code=str(error.get("code") or f"http_{answer.status_code}"),
        fix=str(error.get("fix") or _usual_fix(answer.status_code)),
        lines=lines,
    )


def _usual_fix(status: int) -> str:
    return {
        401: "the token is unknown, expired or revoked: give another with --token or `kyozo login`",
        403: "the token's scope does not allow this: use one with a wider scope",
        429: "wait a minute and try again",
    }.get(status, "")
