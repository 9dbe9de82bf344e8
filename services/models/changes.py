"""What changed in a service's settings, fit to be kept: what may be secret by its name only."""

from collections.abc import Mapping
from typing import Any

from services.models.config import SERVICE_MAPS
from services.models.service import Service

# Inside the maps these hold what people keep secret, too, whether they marked it or not.
HIDDEN_IN = {"deployment_config": "build_args", "health_check_config": "headers"}
Facts = dict[str, Any]


def settings_of(service: Service) -> Facts:
    """As it is now; only to be compared, for values are in it."""
    facts: Facts = {name: dict(getattr(service, name)) for name in SERVICE_MAPS}
    hidden = {f"{outer}.{inner}": facts[outer].pop(inner, {}) for outer, inner in HIDDEN_IN.items()}
    plain = {name: getattr(service, name) for name in ("name", "folder_path", "overrides")}
    hidden["environment_variables"] = dict(service.environment)
    return plain | facts | hidden | {"secret_variables": list(service.secret_names)}


def what_is_set(service: Service) -> Facts:
    """Of a new service, all that is not as it always begins."""
    begins = settings_of(Service(scaling_config={}))
    return difference(begins, settings_of(service))[1]


def difference(had: Facts, has: Facts) -> tuple[Facts, Facts]:
    """Before and after, of what differs. Values of variables, arguments and headers never show:
    what is no secret today may be marked as one tomorrow, and an entry stays."""
    before: Facts = {}
    after: Facts = {}
    for name in had.keys() | has.keys():
        old, new = had.get(name), has.get(name)
        if old == new:
            continue
        is_hidden = name == "environment_variables" or "." in name
        before[name], after[name] = _names(old, new) if is_hidden else (old, new)
    return before, after


def _names(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> tuple[Facts, Facts]:
    old, new = old or {}, new or {}
    changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    before = {name: "set" for name in changed if name in old}
    after = {name: "changed" if name in old else "set" for name in changed if name in new}
    return before, after
