"""Why a connection was refused, from what the app listens on."""

import pytest

from services.probes.listeners import explain_listeners


@pytest.mark.parametrize(
    ("listening", "said"),
    [
        ([], "the app listens on no port yet, expected 8000"),
        ([("0.0.0.0", 3000), ("::", 3000)], "the app listens on 3000, expected 8000: deploy"),
        ([("127.0.0.1", 8000)], "the app listens on 127.0.0.1:8000 only"),
        ([("::1", 8000), ("0.0.0.0", 9000)], "the app listens on ::1:8000 only"),
    ],
)
def test_the_reason_is_named(listening: list[tuple[str, int]], said: str) -> None:
    assert explain_listeners(listening, expected=8000).startswith(said)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.208.1.2"])
def test_an_open_port_needs_no_explanation(address: str) -> None:
    assert explain_listeners([("127.0.0.1", 8000), (address, 8000)], expected=8000) == ""
