"""What is read from /proc and cgroup files, on trees as cgroup v1 and v2 kernels show them."""

from pathlib import Path

import pytest

from services.runtimes.cgroups import Host, Usage
from services.runtimes.docker_stats import Meter
from services.runtimes.proc_net import established, listeners, listens_on_loopback

ENGINE_ID = "c0ffee" * 10
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue\n"
NET_DEV = """Inter-|   Receive                    |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets
    lo:     999       1    0    0    0     0          0         0      999       1
  eth0:     100       1    0    0    0     0          0         0       50       1
"""
EXPECTED = Usage(
    cpu_ns=5_000_000,
    memory_bytes=900,
    memory_limit_bytes=2048,
    network_rx_bytes=100,
    network_tx_bytes=50,
    disk_read_bytes=4096,
    disk_write_bytes=512,
)


def row(local: str, state: str) -> str:
    return f"   0: {local} 0100007F:0050 {state} 00000000:00000000\n"


def make(root: Path, files: dict[str, str]) -> Host:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Host(proc=root / "proc", cgroup=root / "cgroup")


@pytest.fixture
def v1(tmp_path: Path) -> Host:
    group = f"docker/{ENGINE_ID}"
    return make(
        tmp_path,
        {
            "proc/7/cgroup": f"3:memory:/{group}\n2:cpu,cpuacct:/{group}\n1:blkio:/{group}\n",
            "proc/7/net/dev": NET_DEV,
            "proc/meminfo": "MemTotal: 1000 kB\n",
            f"cgroup/memory/{group}/memory.usage_in_bytes": "1000\n",
            f"cgroup/memory/{group}/memory.limit_in_bytes": "2048\n",
            f"cgroup/memory/{group}/memory.stat": "cache 5\ntotal_inactive_file 100\n",
            f"cgroup/cpuacct/{group}/cpuacct.usage": "5000000\n",
            f"cgroup/blkio/{group}/blkio.throttle.io_service_bytes": (
                "8:0 Read 4096\n8:0 Write 512\n8:0 Total 4608\nTotal 4608\n"
            ),
        },
    )


@pytest.fixture
def v2(tmp_path: Path) -> Host:
    group = f"system.slice/docker-{ENGINE_ID}.scope"
    return make(
        tmp_path,
        {
            "proc/7/cgroup": f"0::/{group}\n",
            "proc/7/net/dev": NET_DEV,
            "proc/meminfo": "MemTotal: 2 kB\n",
            f"cgroup/{group}/memory.current": "1000\n",
            f"cgroup/{group}/memory.max": "max\n",
            f"cgroup/{group}/memory.stat": "anon 5\ninactive_file 100\n",
            f"cgroup/{group}/cpu.stat": "usage_usec 5000\nuser_usec 1\n",
            f"cgroup/{group}/io.stat": "8:0 rbytes=4096 wbytes=512 rios=1 wios=1\n",
        },
    )


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_use_is_read_from_both_kinds_of_groups(
    version: str, request: pytest.FixtureRequest
) -> None:
    host: Host = request.getfixturevalue(version)

    assert host.usage(7, ENGINE_ID) == EXPECTED


def test_a_process_of_another_container_is_not_mistaken_for_ours(v2: Host) -> None:
    assert v2.usage(7, "deadbeef" * 8) is None
    assert not v2.owns(8, ENGINE_ID)
    assert v2.owns(7, ENGINE_ID)


def test_a_container_that_ends_while_it_is_read_has_no_use(v2: Host) -> None:
    (v2.cgroup / f"system.slice/docker-{ENGINE_ID}.scope/memory.current").unlink()

    assert v2.usage(7, ENGINE_ID) is None


def test_cpu_is_the_share_of_one_core_between_two_samples() -> None:
    now = [100.0]
    meter = Meter(clock=lambda: now[0])

    def percent(cpu_s: float, *, after_s: float) -> float:
        now[0] += after_s
        usage = Usage(int(cpu_s * 1e9), 1, 1, 0, 0, 0, 0)
        return meter.read(ENGINE_ID, usage).cpu_percent

    assert percent(1.0, after_s=0) == 0
    assert percent(2.0, after_s=2) == 50
    assert percent(2.1, after_s=0.1) == 50  # too soon to tell anything new
    assert percent(0.1, after_s=2) == 0  # restarted: the counter began anew
    assert percent(4.1, after_s=2) == 200


def test_listeners_are_found_without_the_engines_name_server() -> None:
    table = (
        HEADER
        + row("00000000:0BB8", "0A")
        + row("0B00007F:A455", "0A")
        + row("0100007F:1388", "0A")
    )

    assert listeners(table) == [("0.0.0.0", 3000), ("127.0.0.1", 5000)]


def test_an_app_on_loopback_only_is_told_from_an_open_one() -> None:
    loopback = HEADER + row("0100007F:1388", "0A")
    six = HEADER + row("00000000000000000000000001000000:1388", "0A")
    both = loopback + row("00000000:1388", "0A")

    assert listens_on_loopback(loopback, 5000)
    assert listens_on_loopback(six, 5000)
    assert not listens_on_loopback(both, 5000)
    assert not listens_on_loopback(loopback, 5001)


def test_only_connections_that_stand_are_counted() -> None:
    mine = "0A00DE0A:1F40"  # 10.222.0.10:8000
    mapped = "0000000000000000FFFF00000A00DE0A:1F40"
    table = HEADER + row(mine, "01") + row(mapped, "01") + row(mine, "06") + row(mine, "0A")

    assert established(table, "10.222.0.10", 8000) == 2
    assert established(table, "10.222.0.10", 8001) == 0
    assert established(table, "10.222.0.11", 8000) == 0
