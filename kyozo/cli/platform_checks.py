"""Checks of the running platform: is it there, of this version, and are its parts well."""

from collections.abc import Iterator

from kyozo.cli.findings import Finding, fail, ok, warn
from kyozo.platform import daemon, record
from kyozo.platform.credentials import LOCAL, load
from kyozo.platform.state import StateDir

PARTS = ("database", "router")
ANSWER_S = 10


def run(state: StateDir) -> Iterator[Finding]:
    running = record.living(state)
    if running is None:
        yield warn("platform", "does not run", "start it with `kyozo up` or `kyozo deploy`")
        return
    where = f"{running.version} at {running.url} (process {running.pid})"
    if daemon.is_outdated(running):
        fix = "`kyozo deploy` restarts it; so do `kyozo down` and `kyozo up`"
        yield warn("platform", f"{where} is of other code than this command", fix)
    else:
        yield ok("platform", where)
    ready = daemon.readiness(running, timeout_s=ANSWER_S)
    if not ready.answers:
        yield fail(
            "answers", "the platform gives no answer", f"see {state.log}; `kyozo down`, then up"
        )
        return
    for part in PARTS:
        problem = ready.problems.get(part)
        yield fail(part, problem, f"see {state.log}") if problem else ok(part, "works")
    if load(state, LOCAL) is None:
        fix = "restart the platform: it makes a new one"
        yield fail("token", "this command has none for the local platform", fix)
