"""How the driver reads and writes Docker's JSON, times and log frames: no engine needed."""

import io
from typing import Any

import pytest
import requests
import urllib3

from services.errors import InvalidError
from services.runtimes.base import (
    LABEL_INSTANCE,
    LABEL_ONCE,
    LABEL_SERVICE,
    EngineImage,
    Limits,
    Mount,
    PublishedPort,
    State,
)
from services.runtimes.docker_events import read_event
from services.runtimes.docker_observe import least_age_s, read_facts, read_instance, read_state
from services.runtimes.docker_spec import instance_body, limit_fields, mount_body
from services.runtimes.docker_stats import read_usage
from services.runtimes.docker_streams import Frame, frames, log_lines, unix_time
from tests.runtimes.worlds import FakeWorld

AT = b"2026-01-31T12:00:00.123456789Z "
EXITED: dict[str, Any] = {
    "Status": "exited",
    "ExitCode": 3,
    "OOMKilled": False,
    "Pid": 0,
    "StartedAt": "2026-01-31T12:00:00.123456789Z",
    "FinishedAt": "0001-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("status", "seconds"),
    [
        ("Up Less than a second", 0),
        ("Up 8 seconds", 4),
        ("Up About a minute (healthy)", 30),
        ("Up 5 minutes (Paused)", 150),
        ("Up About an hour", 1800),
        ("Exited (137) 2 hours ago", 3600),
        ("Exited (0) 3 weeks ago", 907_200),
        ("Created", 0),
        ("Removal In Progress", 0),
    ],
)
def test_a_status_tells_a_least_age(status: str, seconds: float) -> None:
    assert least_age_s(status) == seconds


@pytest.mark.parametrize(
    ("state", "status", "now", "holds"),
    [
        ("running", "Up 10 minutes", 115, True),
        ("running", "Up 20 seconds", 115, False),  # may have restarted since the last look
        ("running", "Up 2 days", 161, False),  # an OOM kill of a child shows in no list
        ("exited", "Exited (1) 2 hours ago", 101, False),  # it was running when we looked
        ("created", "Created", 100.5, False),
    ],
)
def test_remembered_facts_hold_only_for_what_cannot_have_changed(
    state: str, status: str, now: float, *, holds: bool
) -> None:
    facts = read_facts(EXITED | {"Status": "running"}, restarts=0, asked_at=100)

    assert facts.hold(state=state, status=status, now=now) is holds


def test_an_exit_code_counts_only_once_something_ended() -> None:
    assert read_facts(EXITED, restarts=0, asked_at=0).exit_code == 3
    assert read_facts(EXITED | {"Status": "running"}, restarts=0, asked_at=0).exit_code is None
    never = EXITED | {"Status": "created", "ExitCode": 0}
    assert read_facts(never, restarts=0, asked_at=0).exit_code is None


def test_the_year_one_means_never() -> None:
    facts = read_facts(EXITED, restarts=0, asked_at=0)

    assert facts.finished_at is None
    assert facts.started_at is not None
    assert facts.started_at.microsecond == 123456


def test_labels_that_are_no_numbers_are_none_of_ours() -> None:
    row = {
        "Id": "abc",
        "Names": ["/web"],
        "State": "running",
        "Status": "Up 3 seconds (health: starting)",
        "Labels": {"dev.kyozo.generation": "-1; drop", "dev.kyozo.fence": "\u0663"},
        "Ports": [{"PrivatePort": 80, "PublicPort": 81}, {"PrivatePort": 90}],
    }

    seen = read_instance(row, read_facts(EXITED, restarts=2, asked_at=0))

    assert (seen.generation, seen.fence, seen.restarts) == (0, 0, 2)
    assert (seen.health, seen.ports, seen.address) == ("starting", {80: 81}, "")


@pytest.mark.parametrize(
    ("word", "state"),
    [("running", State.RUNNING), ("removing", State.DEAD), ("dreaming", State.UNKNOWN)],
)
def test_every_state_has_a_name(word: str, state: State) -> None:
    assert read_state(word) is state


def test_an_event_is_read_with_its_exit_code() -> None:
    attributes = {"exitCode": "137", LABEL_SERVICE: "s", LABEL_INSTANCE: "i"}
    said = {
        "Action": "die",
        "Actor": {"ID": "c", "Attributes": attributes},
        "timeNano": 1_500_000_000,
    }

    event = read_event(said)

    assert event is not None
    assert (event.kind, event.exit_code, event.instance_id, event.at) == ("die", 137, "i", 1.5)


@pytest.mark.parametrize(("signal", "is_told"), [("15", True), ("9", True), ("1", False)])
def test_a_signal_that_ends_nothing_is_no_event(signal: str, is_told: bool) -> None:
    said = {"Action": "kill", "Actor": {"ID": "c", "Attributes": {"signal": signal}}}

    assert (read_event(said) is not None) is is_told


def test_a_one_off_command_has_no_events() -> None:
    said = {"Action": "die", "Actor": {"ID": "c", "Attributes": {LABEL_ONCE: "1"}}}

    assert read_event(said) is None
    said["Actor"] = {"ID": "c", "Attributes": {LABEL_ONCE: ""}}  # its image has that label
    assert read_event(said) is not None
    health = read_event({"Action": "health_status: healthy"})
    assert health is not None
    assert health.kind == "health_status"


def test_parts_of_a_long_line_become_one_line() -> None:
    said: list[Frame] = [
        ("stdout", AT + b"one "),
        ("stderr", AT + b"between\n"),
        ("stdout", AT + b"line\n"),
        ("stdout", AT + b"no end"),
    ]

    lines = [(line.stream, line.text) for line in log_lines(iter(said))]

    assert lines == [("stderr", "between"), ("stdout", "one line"), ("stdout", "no end")]


def test_a_line_keeps_its_nanoseconds() -> None:
    (line,) = log_lines(iter([("stdout", AT + b"x\r\n")]))

    assert (line.at, line.text) == ("2026-01-31T12:00:00.123456789Z", "x")
    assert unix_time(line.at) == "1769860800.123456789"
    assert unix_time("2026-01-31T12:00:00+00:00") == "1769860800.000000000"


@pytest.mark.parametrize("since", ["yesterday", "1", "' or 1", "0001-01-01T00:00:00"])
def test_a_since_that_is_no_time_is_refused(since: str) -> None:
    with pytest.raises(InvalidError):
        unix_time(since)


def test_frames_that_are_cut_short_end_the_stream() -> None:
    whole = b"\x01\0\0\0\0\0\0\x03abc"

    assert list(frames(response(whole + whole[:9]))) == [("stdout", b"abc")]
    assert list(frames(response(b"\x02\0\0\0\0\0\0\x01!" + b"\0"))) == [("stderr", b"!")]


def response(body: bytes) -> requests.Response:
    answer = requests.Response()
    answer.raw = urllib3.HTTPResponse(body=io.BytesIO(body), preload_content=False)
    return answer


def test_mounts_of_the_host_are_refused() -> None:
    with pytest.raises(InvalidError):
        mount_body(Mount("/x", source="/var/run", type="bind"), labels={})


def test_a_read_only_volume_is_read_only() -> None:
    body = mount_body(Mount("/data", source="v", mode="ro"), labels={"a": "b"})

    assert (body["Source"], body["ReadOnly"], body["VolumeOptions"]["Labels"]) == (
        "v",
        True,
        {"a": "b"},
    )


def test_limits_are_bytes_and_microseconds() -> None:
    fields = limit_fields(
        Limits(memory_mb=10, swap_mb=5, cpu_cores=0.5, cpu_shares=256, ulimits={"nofile": 99})
    )

    assert (fields["Memory"], fields["MemorySwap"]) == (10 * 1024**2, 15 * 1024**2)
    assert (fields["CpuQuota"], fields["CpuShares"]) == (50_000, 256)
    assert fields["Ulimits"] == [{"Name": "nofile", "Soft": 99, "Hard": 99}]


def test_our_labels_cannot_be_spoofed_and_values_stay_opaque(fake_world: FakeWorld) -> None:
    spec = fake_world.spec(
        labels={**fake_world.labels, LABEL_INSTANCE: "spoofed"},
        environment={"A": "$(id)\n'\"$B"},
        ports=(PublishedPort(53, 5353, protocol="udp"), PublishedPort(80, 0)),
    )

    body = instance_body(spec, spec.slots[0], image=EngineImage("sha256:1"), fence_token=4)

    assert body["Labels"][LABEL_INSTANCE] == "instance-0"
    assert body["Env"] == ["A=$(id)\n'\"$B"]
    assert body["HostConfig"]["PortBindings"] == {
        "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "5353"}],
        "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
    }


def test_no_label_of_an_image_is_one_of_its_container(fake_world: FakeWorld) -> None:
    said = {"com.docker.compose.service": "postgres", LABEL_ONCE: "1", LABEL_INSTANCE: "another"}
    spec = fake_world.spec()

    body = instance_body(
        spec, spec.slots[0], image=EngineImage("sha256:1", labels=said), fence_token=4
    )

    labels = body["Labels"]
    assert (labels["com.docker.compose.service"], labels[LABEL_ONCE]) == ("", "")
    assert labels[LABEL_INSTANCE] == "instance-0"
    assert body["Image"] == "sha256:1"


def test_statistics_of_a_stopped_container_are_none() -> None:
    assert read_usage({"memory_stats": {}, "cpu_stats": {}}) is None
