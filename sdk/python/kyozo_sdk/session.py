"""Sending: where to, as whom, how often, and what the answer means."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from kyozo_sdk.errors import (
    ConnectionFailedError,
    ForeignAnswerError,
    KyozoError,
    RateLimitedError,
    TimedOutError,
    kind_of,
)
from kyozo_sdk.records import Answer, RateLimit
from kyozo_sdk.request import Request
from kyozo_sdk.retry import PASSING, Retry, is_certificate, retry_after, was_sent
from kyozo_sdk.settings import Place
from kyozo_sdk.transports import Io


@dataclass(frozen=True, slots=True)
class Answered:
    data: Any
    answer: Answer = field(default_factory=Answer)


class Session:
    """What both clients and all groups of calls share."""

    def __init__(self, io: Io, place: Place, retry: Retry) -> None:
        self.io = io
        self.place = place
        self.retry = retry
        self.ends: set[Callable[[], Awaitable[None]]] = set()

    async def end_tasks(self) -> None:
        """Stop whatever runs beside the caller."""
        for end in list(self.ends):
            await end()

    async def ask(self, request: Request) -> Answered:
        """The data of the answer; an error of the platform is raised."""
        response = await self.send(request)
        if not response.content or response.status_code == 404:  # removed by an earlier attempt
            return Answered(None, _answer(response, {}))
        content = _json(response)
        meta = content.get("meta")
        known = meta if isinstance(meta, dict) else {}
        return Answered(content.get("data"), _answer(response, known))

    async def document(self, request: Request) -> dict[str, Any]:
        """The whole answer, where it is not wrapped in `data`."""
        return _json(await self.send(request))

    async def send(self, request: Request, *, is_stream: bool = False) -> httpx.Response:
        """The first good answer, or the last bad one as an error."""
        was_cut = False
        for attempt in count(1):
            try:
                response = await self._once(request, is_stream=is_stream)
            except httpx.TransportError as cut:
                wait = self.retry.after_cut(cut, request, attempt)
                if wait is None:
                    raise self._failure(cut) from None
                was_cut = was_cut or was_sent(cut)
            else:
                if response.is_success or response.status_code in request.also_good:
                    return response
                if was_cut and request.method == "DELETE" and response.status_code == 404:
                    return response
                wait = await self._refused(response, request, attempt)
                was_cut = was_cut or response.status_code in PASSING
            await self.io.sleep(wait)
        raise AssertionError  # count has no end

    async def _once(self, request: Request, *, is_stream: bool) -> httpx.Response:
        response = await self.io.send(self._built(request), stream=is_stream)
        if is_stream and not response.is_success:
            # Only an error's body is wanted whole.
            chunks = [chunk async for chunk in self.io.chunks(response)]
            await self.io.release(response)
            return httpx.Response(
                response.status_code, headers=_plain(response.headers), content=b"".join(chunks)
            )
        return response

    async def _refused(self, response: httpx.Response, request: Request, attempt: int) -> float:
        """How long to wait before the next attempt; the error where there is none."""
        error = _error(response)
        wait = self.retry.after_refusal(response, error.code, request, attempt)
        if wait is None:
            raise error
        return wait

    def _built(self, request: Request) -> httpx.Request:
        options: dict[str, Any] = {"params": request.params, "timeout": self._timeout(request)}
        if request.file is not None:
            request.file.seek(0)
            options["content"] = self.io.body(request.file)
        elif request.json is not None:
            options["json"] = request.json
        headers = self.place.headers(request) | dict(request.headers)
        return self.io.build(request.method, self.place.url(request), headers=headers, **options)

    def _timeout(self, request: Request) -> httpx.Timeout:
        usual = self.place.timeout
        if request.read_timeout_s is None:
            return usual
        return httpx.Timeout(request.read_timeout_s, connect=usual.connect)

    def _failure(self, cut: httpx.TransportError) -> KyozoError:
        """Without what was sent: an exception of httpx holds the request with its headers."""
        if isinstance(cut, httpx.TimeoutException) and was_sent(cut):
            return TimedOutError(
                f"no answer in time from {self.place.shown}",
                code="timeout",
                fix="see whether it had its effect, or give a longer timeout_s",
            )
        if is_certificate(cut):
            return ConnectionFailedError(
                f"the certificate of {self.place.shown} is not trusted",
                code="certificate",
                fix="give the certificate of its authority as ca_file",
            )
        return ConnectionFailedError(
            f"no platform answers at {self.place.shown} ({type(cut).__name__})",
            code="connection_failed",
            fix="see that it runs, and check base_url",
        )


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """For a body that is decoded already, and has another length."""
    left_out = {"content-encoding", "content-length", "transfer-encoding"}
    return {name: value for name, value in headers.items() if name.lower() not in left_out}


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        return content
    raise foreign(response.status_code)


def foreign(status: int) -> ForeignAnswerError:
    return ForeignAnswerError(
        f"what answered with {status} is not a Kyozo platform",
        code="foreign_answer",
        status=status,
        fix="check base_url; redirects are not followed",
    )


def _error(response: httpx.Response) -> KyozoError:
    said = _said(response)
    error = kind_of(response.status_code)(
        str(said.get("message") or f"the platform answered {response.status_code}"),
        code=str(said.get("code") or f"http_{response.status_code}"),
        status=response.status_code,
        request_id=str(said.get("request_id") or response.headers.get("X-Request-ID", "")),
        details=_details(said.get("details")),
        fix=str(said.get("fix") or ""),
        params=said["params"] if isinstance(said.get("params"), dict) else None,
    )
    if isinstance(error, RateLimitedError):
        error.retry_after = retry_after(response)
    return error


def _said(response: httpx.Response) -> dict[str, Any]:
    """The error of the body. What comes from a proxy in between has none, and may pass."""
    if response.status_code < 400:
        raise foreign(response.status_code)
    try:
        error = _json(response).get("error")
    except ForeignAnswerError:
        if response.status_code in {401, 404}:
            raise
        error = None
    return error if isinstance(error, dict) else {}


def _details(details: object) -> dict[str, list[str]]:
    if not isinstance(details, dict):
        return {}
    return {
        str(name): [str(one) for one in (said if isinstance(said, list) else [said])]
        for name, said in details.items()
    }


def _answer(response: httpx.Response, meta: Mapping[str, Any]) -> Answer:
    headers = response.headers
    return Answer(
        meta=meta,
        request_id=headers.get("X-Request-ID", ""),
        etag=headers.get("ETag", ""),
        is_replayed=headers.get("Idempotency-Replayed") == "true",
        rate_limit=_rate_limit(headers),
    )


def _rate_limit(headers: httpx.Headers) -> RateLimit | None:
    try:
        limit, remaining, reset_at = (
            int(headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset")
        )
    except (KeyError, ValueError):
        return None
    return RateLimit(limit, remaining, reset_at)
