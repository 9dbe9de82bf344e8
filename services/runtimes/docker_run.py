"""Commands on a Docker engine: inside a running instance, or once in a fresh container."""

import os
import secrets
import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from services.errors import EngineError
from services.runtimes import docker_images
from services.runtimes.base import (
    LABEL_INSTALL,
    LABEL_ONCE,
    LABEL_SERVICE,
    RunResult,
    ServiceSpec,
)
from services.runtimes.cgroups import Host
from services.runtimes.docker_apply import create_container, remove_container
from services.runtimes.docker_engine import Engine
from services.runtimes.docker_spec import container_body
from services.runtimes.docker_streams import Pump, clean_text, follow_stream, frames, log_lines

OUTPUT_LIMIT = 64 * 1024
OUTPUT_LINES = 1000
GRACE_S = 60
LOOK_EVERY_S = 0.05
_MISSING_PROGRAM = "executable file not found"
# What a shell says for a program that does not exist.
NOT_FOUND_EXIT = 127


def execute(
    engine: Engine, engine_id: str, argv: Sequence[str], *, timeout_s: float, host: Host | None
) -> RunResult:
    """The engine cannot end a command: one that is too slow is killed on the host, where we can.

    It reports a program that does not exist as the output of a command that failed.
    """
    doing = f"run {argv[0]} in a container"
    with engine.call(doing) as client:
        command_id: str = client.exec_create(engine_id, list(argv))["Id"]
    deadline = time.monotonic() + timeout_s
    pump = Pump(
        lambda: engine.open(
            f"/exec/{command_id}/start",
            doing=doing,
            body={"Detach": False, "Tty": False},
            read_timeout_s=timeout_s + engine.timeout_s,
        ),
        frames,
    )
    output = last_part(
        payload for _, payload in follow_stream(pump, stopped=lambda: time.monotonic() >= deadline)
    )
    is_missing = _MISSING_PROGRAM in output
    ended = _ended(engine, command_id, doing=doing, until_s=0 if is_missing else deadline)
    if is_missing and ended["ExitCode"] in {None, 126, 127}:
        return RunResult(exit_code=NOT_FOUND_EXIT, output=output)
    if ended["Running"] and host is not None:
        _kill(host, ended["Pid"], engine_id)
    if ended["Running"] or ended["ExitCode"] is None:
        raise too_slow(argv, timeout_s=timeout_s, output=output)
    return RunResult(exit_code=ended["ExitCode"], output=output)


def run_once(
    engine: Engine, spec: ServiceSpec, *, argv: Sequence[str], timeout_s: float
) -> RunResult:
    """Its container has a name of its own, no address, no ports, and is removed at the end."""
    install = spec.labels[LABEL_INSTALL]
    sweep(engine, install)
    labels = dict(spec.labels) | {
        LABEL_SERVICE: spec.service_id,
        LABEL_ONCE: str(int(time.time() + timeout_s + GRACE_S)),
    }
    image = docker_images.present(engine, spec.image)
    body = container_body(spec, image=image, labels=labels) | {"Cmd": list(argv)}
    name = f"kyozo-once-{secrets.token_hex(6)}"
    engine_id = create_container(engine, body, name=name)
    try:
        return _run(engine, engine_id, argv=argv, timeout_s=timeout_s)
    finally:
        remove_container(engine, engine_id, with_scratch=True)


def sweep(engine: Engine, install: str) -> None:
    """Removes what a crash of ours left behind, by the time each should have been over."""
    wanted = [f"{LABEL_INSTALL}={install}", LABEL_ONCE]
    with engine.call("look for one-off containers") as client:
        rows: list[dict[str, Any]] = client.containers(all=True, filters={"label": wanted})
    for row in rows:
        due = row["Labels"][LABEL_ONCE]
        if due.isdecimal() and int(due) < time.time():
            remove_container(engine, row["Id"], with_scratch=True)


def last_part(payloads: Iterable[bytes]) -> str:
    """The end of an output is what explains it; the rest is not kept."""
    kept = bytearray()
    for payload in payloads:
        kept += payload
        del kept[:-OUTPUT_LIMIT]
    return "\n".join(clean_text(line) for line in bytes(kept).split(b"\n")).rstrip("\n")


def too_slow(argv: Sequence[str], *, timeout_s: float, output: str) -> EngineError:
    return EngineError(
        f"{argv[0]} did not end within {timeout_s:g} s.",
        code="engine.run_timeout",
        fix="Make the command faster, or give it more time.",
        params={"output": output},
    )


def _run(engine: Engine, engine_id: str, *, argv: Sequence[str], timeout_s: float) -> RunResult:
    doing = f"run {argv[0]}"
    try:
        with engine.call(doing) as client:
            client.start(engine_id)
    except EngineError as exc:
        if _MISSING_PROGRAM in exc.message:
            return RunResult(exit_code=NOT_FOUND_EXIT, output=exc.message)
        raise
    try:
        with engine.call(doing) as client:
            limit: Any = timeout_s  # the stub says int, the wire takes fractions
            client.wait(engine_id, timeout=limit)
    except EngineError as exc:
        if exc.error_code != "engine.timeout":
            raise
        raise too_slow(argv, timeout_s=timeout_s, output=_output(engine, engine_id)) from exc
    with engine.call(doing) as client:
        state = client.inspect_container(engine_id)["State"]
    return RunResult(
        exit_code=state["ExitCode"],
        output=_output(engine, engine_id),
        oom_killed=bool(state["OOMKilled"]),
    )


def _output(engine: Engine, engine_id: str) -> str:
    response = engine.open(
        f"/containers/{engine_id}/logs",
        doing="read the output of a command",
        params={"stdout": "1", "stderr": "1", "tail": str(OUTPUT_LINES)},
        read_timeout_s=engine.timeout_s,
    )
    with response, engine.call("read the output of a command"):
        text = "\n".join(line.text for line in log_lines(frames(response)))
    return text[-OUTPUT_LIMIT:]


def _kill(host: Host, pid: int, engine_id: str) -> None:
    """By a handle on the process: its number may be another's by the time the signal is sent."""
    with suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            if host.owns(pid, engine_id):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


def _ended(engine: Engine, command_id: str, *, doing: str, until_s: float) -> dict[str, Any]:
    """How a command ended, which the engine may know a moment after the last of its output.

    It has no exit code while it has not ended, nor before it began: none is never success.
    """
    while True:
        with engine.call(doing) as client:
            ended: dict[str, Any] = client.exec_inspect(command_id)
        is_known = not ended["Running"] and ended["ExitCode"] is not None
        if is_known or time.monotonic() >= until_s:
            return ended
        time.sleep(LOOK_EVERY_S)
