"""Whether something accepts a TCP connection."""

import socket

from services.probes.base import ProbeResult, Stopwatch, in_words


def check_tcp(address: str, port: int, *, timeout_s: float) -> ProbeResult:
    watch = Stopwatch(timeout_s)
    try:
        with socket.create_connection((address, port), timeout=timeout_s):
            return ProbeResult(ok=True, response_time_ms=watch.elapsed_ms)
    except OSError as exc:
        error = in_words(exc, port=port, timeout_s=timeout_s)
        return ProbeResult(ok=False, response_time_ms=watch.elapsed_ms, error=error)
