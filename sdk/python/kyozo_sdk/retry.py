"""Whether, and after how long, a request is sent again."""

import random
import ssl
from dataclasses import dataclass

import httpx

from kyozo_sdk.request import Request

RATE_LIMITED = 429
PASSING = frozenset({502, 503, 504})
UNFINISHED = "idempotency.unfinished"
NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
NOT_AGAIN = (httpx.ReadTimeout, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """`attempts` in all. The wait before the second is up to `base_s`, then up to twice that, up to
    `most_s`, by chance so that clients do not come all at once. Where the platform says how long
    (`Retry-After`) that counts, unless it is more than `patience_s`: then the error comes at once.
    """

    attempts: int = 5
    base_s: float = 0.5
    most_s: float = 8.0
    patience_s: float = 60.0

    def backoff(self, attempt: int) -> float:
        most = min(self.most_s, self.base_s * 2.0 ** min(attempt - 1, 30))
        return random.uniform(most / 2, most)  # noqa: S311 - no secret

    def after_cut(self, cut: httpx.TransportError, request: Request, attempt: int) -> float | None:
        """Seconds to wait; None: no more."""
        may = isinstance(cut, NOTHING_SENT) or request.is_repeatable
        if attempt >= self.attempts or not may or isinstance(cut, NOT_AGAIN) or is_certificate(cut):
            return None
        return self.backoff(attempt)

    def after_refusal(
        self, answer: httpx.Response, code: str, request: Request, attempt: int
    ) -> float | None:
        passing = answer.status_code in PASSING and request.is_repeatable
        # Not at the first attempt: then another program uses the same key.
        busy = code == UNFINISHED and attempt > 1
        if attempt >= self.attempts or not (passing or busy or answer.status_code == RATE_LIMITED):
            return None
        asked = retry_after(answer)
        if asked > self.patience_s:
            return None
        return max(asked, self.backoff(attempt))


def retry_after(answer: httpx.Response) -> float:
    """Seconds; 0 where the platform does not say."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0.0


def was_sent(cut: httpx.TransportError) -> bool:
    """Whether the request may have had its effect."""
    return not isinstance(cut, NOTHING_SENT)


def is_certificate(cut: BaseException) -> bool:
    """Whether it is the certificate: that will not change by asking again."""
    seen: BaseException | None = cut
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
