"""Where the platform is, and as whom it is asked. The token is shown to nobody else."""

import ssl
from dataclasses import dataclass, field
from os import PathLike
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx

from kyozo_sdk.request import Request
from kyozo_sdk.sockets import SocketAddress

API = "/api/v1"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Place:
    base_url: str
    team_id: str
    token: str = field(repr=False)
    timeout: httpx.Timeout
    tls: ssl.SSLContext | None = field(repr=False)

    @classmethod
    def read(
        cls,
        base_url: str,
        *,
        token: str,
        team_id: str,
        timeout: httpx.Timeout,
        ca_file: str | PathLike[str] | None,
    ) -> "Place":
        """ValueError for what no request can be made of; it never names the token."""
        address = _address(base_url)
        _check_words(token=token, team_id=team_id)
        tls = _trusting(ca_file) if address.startswith("https:") else None
        return cls(address, team_id, token, timeout, tls)

    @property
    def shown(self) -> str:
        return self.base_url

    @property
    def uses_proxy(self) -> bool:
        """A proxy meant for the internet cannot reach this machine's own address."""
        return urlsplit(self.base_url).hostname not in LOOPBACK

    def url(self, request: Request) -> str:
        if not request.in_team:
            return f"{self.base_url}{request.path}"
        if not self.team_id:
            raise ValueError("this call needs a team_id: give one to the client")
        return f"{self.base_url}/teams/{self.team_id}{request.path}"

    def headers(self, request: Request) -> dict[str, str]:
        headers = dict(self._identity) if request.is_signed else {}
        if request.key is not None:
            headers["Idempotency-Key"] = request.key
        return headers

    def live(self, *, since: int) -> SocketAddress:
        """The socket. The token goes as a header, so that it stands in no address."""
        parts = urlsplit(self.base_url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        path = f"{parts.path.removesuffix(API)}/live/containers"
        query = urlencode({"team_id": self.team_id, "since": since})
        return SocketAddress(
            urlunsplit((scheme, parts.netloc, path, query, "")),
            self._identity | {"X-API-Key": self.token},
            self.tls,
            self.uses_proxy,
        )

    @property
    def _identity(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return headers | ({"X-Team-ID": self.team_id} if self.team_id else {})


def _trusting(ca_file: str | PathLike[str] | None) -> ssl.SSLContext:
    """Whom the machine and the usual list trust, or only who is named."""
    if ca_file is not None:
        return ssl.create_default_context(cafile=ca_file)
    usual = httpx.create_ssl_context()
    usual.load_default_certs()
    return usual


def _address(base_url: str) -> str:
    parts = urlsplit(base_url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("base_url begins with http:// or https:// and a host")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("base_url has no user, query or fragment")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") or API, "", ""))


def _check_words(**words: str) -> None:
    for name, word in words.items():
        if not all("!" <= char <= "~" for char in word):
            raise ValueError(f"{name} is printable ASCII without spaces")
        if name == "team_id" and ("/" in word or word in {".", ".."}):
            raise ValueError("team_id is an id")
