"""What changed in a service's settings, fit to be kept: what may be secret by its name only."""

from collections.abc import Mapping
from typing import Any

from services.models.config import SERVICE_MAPS
from services.models.service import Service

# In these people write down what is secret, too, whether they marked it or not.
HIDDEN_IN = (
    ("deployment_config", "build_args"),
    ("health_check_config", "headers"),
    ("health_check_config", "command"),
    ("health_check_config", "endpoint"),
    ("overrides", "start"),
    ("overrides", "build"),
    ("overrides", "health"),
)
Facts = dict[str, Any]


def settings_of(service: Service) -> Facts:
    """As it is now; only to be compared, for values are in it."""
    facts: Facts = {name: dict(getattr(service, name)) for name in (*SERVICE_MAPS, "overrides")}
    hidden = {f"{outer}.{inner}": facts[outer].pop(inner, None) for outer, inner in HIDDEN_IN}
    plain = {name: getattr(service, name) for name in ("name", "folder_path")}
    hidden["environment_variables"] = dict(service.environment)
    return plain | facts | hidden | {"secret_variables": list(service.secret_names)}


def what_is_set(service: Service) -> Facts:
    """Of a new service, all that is not as it always begins."""
    begins = settings_of(Service(scaling_config={}))
    return difference(begins, settings_of(service))[1]


def difference(had: Facts, has: Facts) -> tuple[Facts, Facts]:
    """Before and after, of what differs. Values of variables, arguments, headers and commands
    never show: what is no secret today may be marked as one tomorrow, and an entry stays."""
    before: Facts = {}
    after: Facts = {}
    for name in had.keys() | has.keys():
        old, new = had.get(name), has.get(name)
        if old == new:
            continue
        is_hidden = name == "environment_variables" or "." in name
        before[name], after[name] = _unsaid(old, new) if is_hidden else (old, new)
    return before, after


def _unsaid(old: Any, new: Any) -> tuple[Any, Any]:
    if isinstance(old or new, Mapping):
        return _names(old or {}, new or {})
    return (old and "set"), (new and ("changed" if old else "set"))


def _names(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Facts, Facts]:
    changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    before = {name: "set" for name in changed if name in old}
    after = {name: "changed" if name in old else "set" for name in changed if name in new}
    return before, after
