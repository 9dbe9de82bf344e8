"""Secret values become **** wherever a log shows them: plain, quoted, URL-quoted or in base64."""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "****"
# Shorter ones would blank out half of every log, and are no secrets worth the name.
MIN_LENGTH = 4
MIN_BASE64 = 6


class Masker:
    """Works on whole lines; a line is masked before it is cut, `longest` bytes behind the cut."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len)
        self._pattern = re.compile("|".join(map(re.escape, reversed(forms)))) if forms else None
        self.longest = len(forms[-1].encode(errors="surrogatepass")) if forms else 0

    def mask(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text


def _forms(secret: str) -> set[str]:
    """All spellings of one secret, its lines included: a log shows a key line by line."""
    parts = {secret, secret.strip(), *(line.strip() for line in secret.splitlines())}
    found: set[str] = set()
    for part in parts:
        if len(part) >= MIN_LENGTH:
            urls = {quote(part), quote(part, safe=""), quote_plus(part)}
            found |= {part, repr(part)[1:-1], json.dumps(part)[1:-1], *urls}
            found |= {re.sub(r"%..", lambda hexed: hexed[0].lower(), url) for url in urls}
            found |= _base64_forms(part.encode())
    return found


def _base64_forms(value: bytes) -> set[str]:
    """Base64 of the value at each of the three offsets it can have inside a longer text."""
    found = set()
    for offset in range(3):
        # The first and last characters also hold bits of the neighbours.
        start, end = (offset * 8 + 5) // 6, (len(value) + offset) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"\0" * offset + value)[start:end].decode())
    return {form for form in found if len(form) >= MIN_BASE64}
