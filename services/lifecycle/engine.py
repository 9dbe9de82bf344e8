"""The one container runtime and the one router of this process, made from the settings."""

from functools import lru_cache, partial
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string

from services.probes.base import Exec, ProbeResult
from services.probes.plan import HealthPlan, check
from services.routing.base import Router
from services.routing.external import ExternalRouter
from services.routing.memory import MemoryRouter
from services.routing.settings import RouterSettings
from services.routing.traefik import TraefikRouter
from services.runtimes import RUNTIMES, Runtime
from services.runtimes.desk import Desk
from services.runtimes.fake import FakeRuntime


@lru_cache(maxsize=1)
def runtime() -> Runtime:
    """The configured driver; made once, it keeps connections and caches."""
    config = settings.KYOZO
    driver = import_string(RUNTIMES[config["RUNTIME"]])
    if config["RUNTIME"] == "fake":
        return driver()  # type: ignore[no-any-return]
    if (asked := desk()) is not None:
        return driver(asked)  # type: ignore[no-any-return]
    return driver(config["ENGINE_URL"], timeout_s=config["ENGINE_TIMEOUT_S"])  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def desk() -> Desk | None:
    """Whom a process without an engine asks; None in one that has its own."""
    config = settings.KYOZO
    if config["RUNTIME"] != "remote":
        return None
    return Desk(Path(config["DESK"]), config["DESK_SECRET"])


@lru_cache(maxsize=1)
def router() -> Router:
    config = settings.KYOZO
    if config["RUNTIME"] == "fake":
        return MemoryRouter(ports=range(config["HTTP_PORTS"][0], config["HTTP_PORTS"][1] + 1))
    told = RouterSettings(
        state_dir=Path(config["HOME"]) / "router",
        host_ip=config["HOST_IP"],
        web_port=config["ROUTER_PORT"],
        http_ports=tuple(range(config["HTTP_PORTS"][0], config["HTTP_PORTS"][1] + 1)),
        retries=config["ROUTER_RETRIES"],
    )
    if config["ROUTER"] != "external":
        return TraefikRouter(told)
    asked = desk()
    look = None if asked is None else partial(asked.ask, "router")
    return ExternalRouter(told, api_port=config["ROUTER_API_PORT"], ask=look)


def ask(plan: HealthPlan, address: str, port: int, run: Exec) -> ProbeResult:
    """One health check; the fake runtime answers for its own instances."""
    driver = runtime()
    if isinstance(driver, FakeRuntime) and plan.type != "command":
        ok = driver.answers(address, port)
        return ProbeResult(ok=ok, response_time_ms=1, error="" if ok else "no answer")
    return check(plan, address, port, run)


def forget() -> None:
    """Drop them, so that the next call makes them anew (tests)."""
    desk.cache_clear()
    runtime.cache_clear()
    router.cache_clear()
