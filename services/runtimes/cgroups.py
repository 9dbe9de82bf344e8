"""A container's use, read from cgroup and /proc files: a thousand times cheaper than asking."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Counters as they stand; only CPU needs two of them to become a figure."""

    cpu_ns: int
    memory_bytes: int
    memory_limit_bytes: int
    network_rx_bytes: int
    network_tx_bytes: int
    disk_read_bytes: int
    disk_write_bytes: int


@dataclass(frozen=True, slots=True)
class Host:
    """The kernel files of the machine this process runs on."""

    proc: Path = Path("/proc")
    cgroup: Path = Path("/sys/fs/cgroup")

    def owns(self, pid: int, engine_id: str) -> bool:
        """Whether the process belongs to the container: process numbers are used again."""
        return any(engine_id in path for path in self.groups(pid).values())

    def groups(self, pid: int) -> dict[str, str]:
        """Controller -> path of the process; the empty name is cgroup v2."""
        found: dict[str, str] = {}
        for line in _read(self.proc / str(pid) / "cgroup").splitlines():
            _, names, path = line.split(":", 2)
            found.update(dict.fromkeys(names.split(","), path.lstrip("/")))
        return found

    def tcp_tables(self, pid: int) -> list[str]:
        net = self.proc / str(pid) / "net"
        return [_read(net / "tcp"), _read(net / "tcp6")]

    def usage(self, pid: int, engine_id: str) -> Usage | None:
        """None when the process is gone, is another container's, or the groups cannot be read."""
        groups = self.groups(pid)
        if not any(engine_id in path for path in groups.values()):
            return None
        try:
            return (
                self._usage_v1(pid, groups) if "memory" in groups else self._usage_v2(pid, groups)
            )
        except (OSError, ValueError, KeyError):
            return None

    def _usage_v1(self, pid: int, groups: dict[str, str]) -> Usage:
        memory = self.cgroup / "memory" / groups["memory"]
        cache = _table(memory / "memory.stat").get("total_inactive_file", 0)
        blocks = self.cgroup / "blkio" / groups["blkio"] / "blkio.throttle.io_service_bytes"
        read, written = _blkio_v1(_read(blocks))
        received, sent = self._network(pid)
        return Usage(
            cpu_ns=int(_read(self.cgroup / "cpuacct" / groups["cpuacct"] / "cpuacct.usage")),
            memory_bytes=max(0, int(_read(memory / "memory.usage_in_bytes")) - cache),
            memory_limit_bytes=self._limit(_read(memory / "memory.limit_in_bytes")),
            network_rx_bytes=received,
            network_tx_bytes=sent,
            disk_read_bytes=read,
            disk_write_bytes=written,
        )

    def _usage_v2(self, pid: int, groups: dict[str, str]) -> Usage:
        group = self.cgroup / groups[""]
        cache = _table(group / "memory.stat").get("inactive_file", 0)
        read, written = _io_v2(_read(group / "io.stat"))
        received, sent = self._network(pid)
        return Usage(
            cpu_ns=_table(group / "cpu.stat")["usage_usec"] * 1000,
            memory_bytes=max(0, int(_read(group / "memory.current")) - cache),
            memory_limit_bytes=self._limit(_read(group / "memory.max")),
            network_rx_bytes=received,
            network_tx_bytes=sent,
            disk_read_bytes=read,
            disk_write_bytes=written,
        )

    def _limit(self, text: str) -> int:
        """`max`, or a number beyond the machine's memory, means that there is no limit but that."""
        machine = _table(self.proc / "meminfo")["MemTotal:"] * 1024
        limit = text.strip()
        return machine if limit == "max" else min(int(limit), machine)

    def _network(self, pid: int) -> tuple[int, int]:
        received = sent = 0
        for line in _read(self.proc / str(pid) / "net" / "dev").splitlines():
            name, colon, figures = line.partition(":")
            if colon and name.strip() != "lo":
                columns = figures.split()
                received += int(columns[0])
                sent += int(columns[8])
        return received, sent


def _blkio_v1(text: str) -> tuple[int, int]:
    """Lines such as `8:0 Read 4096`."""
    totals = {"Read": 0, "Write": 0}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] in totals:
            totals[fields[1]] += int(fields[2])
    return totals["Read"], totals["Write"]


def _io_v2(text: str) -> tuple[int, int]:
    """Lines such as `8:0 rbytes=4096 wbytes=0 rios=1 ...`."""
    totals = {"rbytes": 0, "wbytes": 0}
    for field in text.split():
        name, _, figure = field.partition("=")
        if name in totals:
            totals[name] += int(figure)
    return totals["rbytes"], totals["wbytes"]


def _table(path: Path) -> dict[str, int]:
    rows = (line.split() for line in _read(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) >= 2}


def _read(path: Path) -> str:
    """Empty when the file is not there: the container may end at any moment."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
