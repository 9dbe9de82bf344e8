"""Subnets that the machine sends somewhere already, as the kernel lists them."""

import pytest

from services.runtimes.proc_route import holder

TABLE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
br-left\t0000D00A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
vpn1\t0501D00A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
"""


@pytest.mark.parametrize(
    ("subnet", "interface"),
    [
        ("10.208.0.0/24", "br-left"),
        ("10.208.1.0/24", "vpn1"),
        ("10.208.2.0/24", None),
        ("10.208.0.0/12", "br-left"),
        ("172.20.0.0/24", None),
    ],
)
def test_only_a_route_inside_the_subnet_takes_it(subnet: str, interface: str | None) -> None:
    assert holder(subnet, TABLE) == interface


def test_lines_that_are_cut_off_are_passed_over() -> None:
    assert holder("10.208.0.0/24", "br-left\t0000D00A\n\n") is None
