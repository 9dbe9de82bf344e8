"""One cap on memory and processors for all builds together, on the engine's own build cgroup."""

import os
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PERIOD_US = 100_000
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BuildCaps:
    memory_mb: int
    cpus: float


def cap_builds(
    caps: BuildCaps, *, engine_url: str, cgroup_parent: str = "docker", root: Path = CGROUPS
) -> str:
    """Set the cap; what `doctor` should say when builds stay uncapped, else an empty text.

    The engine ignores the client's own limits when it builds with BuildKit, but keeps to what the
    group around its build steps says. The group is made here when no build has run yet.
    """
    if not engine_url.startswith("unix://"):
        return "builds are not capped: the engine is on another machine, cap it there"
    if os.geteuid() != 0:
        return "builds are not capped: only root can; start the platform as root or use a slice"
    group = Path(cgroup_parent.strip("/")) / "buildkit"
    try:
        for path, value in _settings(caps, root, group):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value, encoding="ascii")
    except OSError as exc:
        return f"builds are not capped: {exc.filename}: {exc.strerror}"
    return ""


def _settings(caps: BuildCaps, root: Path, group: Path) -> list[tuple[Path, str]]:
    memory, quota = str(caps.memory_mb * MIB), str(round(caps.cpus * PERIOD_US))
    if (root / "cgroup.controllers").exists():
        here = root / group
        return [(here / "memory.max", memory), (here / "cpu.max", f"{quota} {PERIOD_US}")]
    return [
        (root / "memory" / group / "memory.limit_in_bytes", memory),
        (root / "cpu" / group / "cpu.cfs_period_us", str(PERIOD_US)),
        (root / "cpu" / group / "cpu.cfs_quota_us", quota),
    ]
