"""The wire to one Docker engine: its client, time-outs, circuit breaker and translated errors."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import docker
import docker.errors
import requests

from services.errors import EngineUnreachableError
from services.runtimes.breaker import Breaker
from services.runtimes.docker_errors import FAILURES, translate
from services.runtimes.docker_transport import CONNECTIONS, OneSocketAdapter

# What every engine of the last years still answers; only asked for the newest it knows.
OLDEST_API = "1.24"


class Engine:
    """One engine. Thread-safe; its client is made on first use because making it connects."""

    def __init__(
        self, base_url: str, *, timeout_s: float = 10, breaker: Breaker | None = None
    ) -> None:
        self.base_url = base_url
        self.timeout_s = timeout_s
        self._breaker = breaker or Breaker()
        self._lock = threading.Lock()
        self._client: docker.APIClient | None = None

    @contextmanager
    def call(self, doing: str) -> Iterator[docker.APIClient]:
        """The client for one call; whatever fails inside comes out as an `EngineError`."""
        if pause_s := self._breaker.remaining_s():
            message = f"The container engine did not answer lately; it rests for {pause_s:.0f} s."
            raise EngineUnreachableError(
                message,
                fix="Start the engine (for example `dockerd`), then check with `kyozo doctor`.",
            )
        try:
            yield self._connected()
        except FAILURES as exc:
            error = translate(exc, doing=doing)
            if isinstance(error, EngineUnreachableError):
                self._breaker.failed()
                self.close()  # it may come back upgraded: ask for its version again
            raise error from exc
        self._breaker.succeeded()

    def open(
        self,
        path: str,
        *,
        doing: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        read_timeout_s: float,
    ) -> requests.Response:
        """A response whose body is still to be read; the SDK's own streams have no time-outs."""
        with self.call(doing) as client:
            response = client.request(
                "GET" if body is None else "POST",
                f"{client.base_url}/v{client.api_version}{path}",
                params=params,
                json=body,
                stream=True,
                timeout=(self.timeout_s, read_timeout_s),
            )
            try:
                response.raise_for_status()
            except requests.exceptions.HTTPError as exc:
                docker.errors.create_api_error_from_http_exception(exc)
            return response

    def ping(self) -> None:
        with self.call("say that it is alive") as client:
            client.ping()

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connected(self) -> docker.APIClient:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> docker.APIClient:
        """The newest API the engine knows; the SDK's own search leaks failed connections."""
        with closing(self._speaking(OLDEST_API)) as client:
            said = client.version(api_version=False)
        if "ApiVersion" not in said:
            raise ValueError("what answers there is no container engine")
        return self._speaking(said["ApiVersion"])

    def _speaking(self, version: str) -> docker.APIClient:
        timeout_s: Any = self.timeout_s  # the stubs say int, the wire takes fractions
        client = docker.APIClient(
            base_url=self.base_url, version=version, timeout=timeout_s, max_pool_size=CONNECTIONS
        )
        # Proxies and netrc of the environment are for the internet, never for the engine.
        client.trust_env = False
        if self.base_url.startswith("unix://"):
            path = self.base_url.removeprefix("unix://")
            client.mount("http+docker://", OneSocketAdapter(path, timeout_s=self.timeout_s))
        return client
