"""A command run inside the instance: exit code 0 is healthy."""

from collections.abc import Sequence

from services.errors import EngineError
from services.probes.base import Exec, ProbeResult, Stopwatch

OUTPUT_LIMIT = 500


def check_command(argv: Sequence[str], *, run: Exec, timeout_s: float) -> ProbeResult:
    """A failing engine says nothing about the app: its errors are passed on, save for slowness."""
    watch = Stopwatch(timeout_s)
    try:
        exit_code, output = run(argv, timeout_s)
    except EngineError as exc:
        if exc.error_code != "engine.run_timeout":
            raise
        error = f"{argv[0]} did not end within {timeout_s:g} s"
        return ProbeResult(ok=False, response_time_ms=watch.elapsed_ms, error=error)
    error = "" if exit_code == 0 else _complaint(argv[0], exit_code, output)
    return ProbeResult(ok=not error, response_time_ms=watch.elapsed_ms, error=error)


def _complaint(program: str, exit_code: int, output: str) -> str:
    if exit_code in {126, 127}:
        return f"{program} cannot be run in this image (exit code {exit_code})"
    said = output.strip()[-OUTPUT_LIMIT:]
    return f"{program} ended with exit code {exit_code}" + (f": {said}" if said else "")
