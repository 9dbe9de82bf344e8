"""What a service may be configured with: the seed's dictionaries as tables of checks.

Pure: the REST face and the verbs share it. `read(data, SERVICE)` gives the fields in normal form.
"""

import posixpath
from ipaddress import ip_address
from typing import Any

from services.models.checks import (
    Check,
    ComplaintError,
    also,
    choice,
    flag,
    list_of,
    map_of,
    named,
    number,
    optional,
    record,
    takes,
    text,
    whole,
)
from services.probes.plan import INTERVAL_S, RETRIES, START_PERIOD_S, TIMEOUT_S

SERVICE_TYPES = (
    "nodejs", "python", "golang", "rust", "java", "ruby", "php", "docker", "static", "database",
)  # fmt: skip
ULIMITS = ("core", "cpu", "data", "fsize", "memlock", "nofile", "nproc", "stack")
MAX_VARIABLES = 512
MAX_VALUE_BYTES = 32 * 1024
# What a container runs on. A volume there hides it, and some of it the engine itself mounts.
UNMOUNTABLE = (
    "/", "/etc", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/hosts", "/etc/hostname",
    "/etc/resolv.conf", "/usr", "/usr/local", "/var", "/run",
)  # fmt: skip
UNMOUNTABLE_TREES = (
    "/proc", "/sys", "/dev", "/boot", "/bin", "/sbin", "/lib", "/lib64", "/usr/bin", "/usr/sbin",
    "/usr/lib",
)  # fmt: skip
_HOST = r"[A-Za-z0-9]+(([.]|-+)[A-Za-z0-9]+)*(:[0-9]{1,5})?"
_PART = r"[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_PART}(/{_PART})*"

NAME = text(
    most=63,
    pattern=r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
    rule="must be lower-case letters, digits and inner dashes, at most 63",
)
PLAIN = text(
    most=100,
    least=1,
    pattern=r"[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]*",
    rule="must not hold control characters",
)
VARIABLE = text(
    most=128,
    pattern=r"[A-Za-z_][A-Za-z0-9_]*",
    rule="must be letters, digits and underscores, and not begin with a digit",
)
IMAGE = text(
    most=255,
    pattern=rf"({_HOST}/)?{_PATH}(:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(@sha256:[0-9a-f]{{64}})?",
    rule="must be an image name such as registry.example/team/app:1.2",
)
REGISTRY = text(
    most=255,
    pattern=rf"{_HOST}(/{_PATH})?",
    rule="must be a registry such as registry.example:5000/team, without https://",
)
PORT = whole(1, 65535)
# After // there is a host, # is not sent, and some read \ as /.
ENDPOINT = text(
    most=200,
    pattern=r'/([!"$-.0-\[\]-~][!"$-\[\]-~]*)?',
    rule="must be a path such as /health, without host or #",
)


@takes({"type": "string", "maxLength": 45, "examples": ["127.0.0.1"]})
def _host_ip(value: Any) -> str:
    """An address that one machine can have; which ones this machine has is asked at its use."""
    checked = str(text(most=45)(value))
    try:
        found = ip_address(checked)
    except ValueError as exc:
        raise ComplaintError("must be an IP address") from exc
    if found.is_multicast or str(found) == "255.255.255.255" or "%" in checked:
        raise ComplaintError("must be an address of this machine, without a zone")
    return str(found)


@takes({"type": "string", "pattern": "^[0-9]{1,5}$"})
def _port_key(value: str) -> str:
    if not (value.isascii() and value.isdecimal() and 0 < int(value[:6]) < 65536):
        raise ComplaintError("must be a port between 1 and 65535")
    return str(int(value))


def _no_host_port_twice(ports: dict[str, dict[str, Any]]) -> str:
    taken = [(p.get("host_port"), p.get("protocol", "tcp")) for p in ports.values()]
    wanted = [pair for pair in taken if pair[0] is not None]
    return "" if len(wanted) == len(set(wanted)) else "the same host_port is asked for twice"


@takes({"type": "string", "maxLength": 255, "pattern": "^/"})
def _mount_path(value: str) -> str:
    path = str(text(most=255, pattern=r"/[^\x00-\x1f:\\]*", rule="must be an absolute path")(value))
    normal = posixpath.normpath(path).replace("//", "/")
    if ".." in path.split("/") or not is_mountable(normal):
        raise ComplaintError("is not a path that can be mounted over")
    return normal


def is_mountable(path: str) -> bool:
    """Whether a container can do without what lies at this normal, absolute path."""
    in_tree = any(path == tree or path.startswith(f"{tree}/") for tree in UNMOUNTABLE_TREES)
    return not in_tree and path not in UNMOUNTABLE


def _volume_has_source(mounts: dict[str, dict[str, str]]) -> str:
    bare = [p for p, m in mounts.items() if m.get("type") != "tmpfs" and not m.get("source")]
    return f"{bare[0]}: a volume needs a source, its name" if bare else ""


_PLAIN_PATH = text(most=4096, pattern=r"[^\x00-\x1f\\]*", rule="holds bad characters")


@takes(_PLAIN_PATH.schema)
def relative_path(value: Any) -> str:
    """A path inside the workspace, in either spelling: /app or app; never out of it."""
    path = str(_PLAIN_PATH(value))
    if ".." in path.split("/"):
        raise ComplaintError("must stay inside the workspace")
    return path


@takes(relative_path.schema)
def folder_path(value: Any) -> str:
    """The same folder is written in one way only: app, ./app and /app/ are /app."""
    parts = relative_path(value).split("/")
    return "/" + "/".join(part for part in parts if part not in {"", "."})


@takes(text(most=MAX_VALUE_BYTES).schema)
def variable_value(value: Any) -> str:
    """Opaque text: any bytes but NUL, no quoting, no expansion."""
    checked = str(text(most=MAX_VALUE_BYTES)(value))
    if len(checked.encode()) > MAX_VALUE_BYTES:
        msg = f"must have at most {MAX_VALUE_BYTES} bytes"
        raise ComplaintError(msg)
    return checked


def _health_is_whole(health: dict[str, Any]) -> str:
    if health.get("type") == "command" and not next(iter(health.get("command", ())), ""):
        return "command: is required for the type command, and begins with a program"
    return ""


def _replicas_fit(scaling: dict[str, Any]) -> str:
    low, high = scaling.get("min_replicas", 1), scaling.get("max_replicas", 100)
    return "min_replicas must not be more than max_replicas" if low > high else ""


PORT_MAPPINGS = named(
    "PortMappings",
    also(
        map_of(
            _port_key,
            record(
                {
                    "host_port": optional(PORT),
                    "protocol": choice(("tcp", "udp")),
                    "host_ip": _host_ip,
                }
            ),
            most=50,
        ),
        _no_host_port_twice,
    ),
)
VOLUME_MOUNTS = named(
    "VolumeMounts",
    also(
        map_of(
            _mount_path,
            record(
                {
                    "source": text(
                        most=64,
                        pattern=r"([A-Za-z0-9][A-Za-z0-9_.-]*)?",
                        rule="must be a volume name, not a path",
                    ),
                    "mode": choice(("ro", "rw")),
                    "type": choice(("volume", "tmpfs")),
                }
            ),
            most=20,
        ),
        _volume_has_source,
    ),
)
RESOURCE_LIMITS = named(
    "ResourceLimits",
    record(
        {
            "memory_mb": whole(16, 1_048_576),
            "cpu_cores": number(0.05, 256),
            "cpu_shares": whole(2, 262_144),
            "disk_mb": whole(1, 100_000_000),
            "swap_mb": whole(0, 1_048_576),
            "ulimits": map_of(choice(ULIMITS), whole(0, 2**31 - 1), most=len(ULIMITS)),
            "pids": whole(16, 1_000_000),
        }
    ),
)
HEALTH_CHECK = named(
    "HealthCheckConfig",
    also(
        record(
            {
                "enabled": flag,
                "type": choice(("http", "tcp", "command")),
                "endpoint": ENDPOINT,
                "port": optional(PORT),
                "command": list_of(text(most=4096), most=100),
                "interval_seconds": number(*INTERVAL_S),
                "timeout_seconds": number(*TIMEOUT_S),
                "retries": whole(*RETRIES),
                "start_period_seconds": number(*START_PERIOD_S),
                "headers": map_of(
                    text(most=100, pattern=r"[A-Za-z0-9-]+", rule="is not a header name"),
                    text(most=1000, pattern=r"[\t -~]*", rule="must be printable ASCII"),
                    most=20,
                ),
                "expected_status_codes": list_of(whole(100, 599), most=50),
            }
        ),
        _health_is_whole,
    ),
)
SCALING = named(
    "ScalingConfig",
    also(
        record(
            {
                "min_replicas": whole(1, 100),
                "max_replicas": whole(1, 100),
                "target_cpu_percent": number(1, 100),
                "target_memory_percent": number(1, 100),
                "scale_up_cooldown_seconds": whole(0, 86_400),
                "scale_down_cooldown_seconds": whole(0, 86_400),
                "auto_scaling_enabled": flag,
            },
            ignored=("current_replicas", "target_replicas"),
        ),
        _replicas_fit,
    ),
)
DEPLOYMENT = named(
    "DeploymentConfig",
    record(
        {
            "dockerfile_path": relative_path,
            "build_context": relative_path,
            "image_name": IMAGE,
            "build_args": map_of(VARIABLE, variable_value, most=100),
            "registry": REGISTRY,
            "auto_deploy": flag,
            "rollback_on_failure": flag,
        }
    ),
)
ENVIRONMENT = map_of(VARIABLE, optional(variable_value), most=MAX_VARIABLES)
SECRET_NAMES = list_of(VARIABLE, most=MAX_VARIABLES)
OVERRIDES = named(
    "Overrides",
    record(
        {
            "type": choice(SERVICE_TYPES),
            "start": text(least=1),
            "build": text(least=1),
            "port": PORT,
            "health": ENDPOINT,
        }
    ),
)
SERVICE_MAPS = (
    "deployment_config",
    "port_mappings",
    "volume_mounts",
    "resource_limits",
    "health_check_config",
    "scaling_config",
)
SERVICE: dict[str, Check] = {
    "name": NAME,
    "folder_path": folder_path,
    "service_type": choice(SERVICE_TYPES),
    "deployment_config": DEPLOYMENT,
    "port_mappings": PORT_MAPPINGS,
    "volume_mounts": VOLUME_MOUNTS,
    "environment_variables": ENVIRONMENT,
    "secret_variables": SECRET_NAMES,
    "resource_limits": RESOURCE_LIMITS,
    "health_check_config": HEALTH_CHECK,
    "scaling_config": SCALING,
}
