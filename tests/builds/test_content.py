"""The content tag and the caps: small pure things around a build."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.builds.caps import BuildCaps, cap_builds
from services.builds.content import Inputs, content_tag

INPUTS = Inputs(
    team="t", tree="a" * 64, dockerfile="FROM a\n", base_images={"a": "sha256:1", "b": "sha256:2"}
)


def test_the_same_inputs_give_the_same_tag_in_any_order() -> None:
    again = replace(INPUTS, base_images={"b": "sha256:2", "a": "sha256:1"})

    assert content_tag(INPUTS) == content_tag(again)
    assert len(content_tag(INPUTS)) == 24


@pytest.mark.parametrize(
    "other",
    [
        replace(INPUTS, team="u"),
        replace(INPUTS, tree="b" * 64),
        replace(INPUTS, dockerfile="FROM b\n"),
        replace(INPUTS, extra_files={"x": b""}),
        replace(INPUTS, base_images={"a": "sha256:9"}),
        replace(INPUTS, build_args={"A": ""}),
        replace(INPUTS, target="x"),
        replace(INPUTS, platform="linux/arm64"),
    ],
)
def test_each_input_counts(other: Inputs) -> None:
    assert content_tag(other) != content_tag(INPUTS)


CAPS = BuildCaps(memory_mb=512, cpus=1.5)
LOCAL = "unix:///var/run/docker.sock"


def test_caps_are_written_where_cgroup_v1_reads_them(tmp_path: Path) -> None:
    assert cap_builds(CAPS, engine_url=LOCAL, root=tmp_path) == ""

    limit = tmp_path / "memory/docker/buildkit/memory.limit_in_bytes"
    assert limit.read_text() == str(512 * 1024 * 1024)
    assert (tmp_path / "cpu/docker/buildkit/cpu.cfs_quota_us").read_text() == "150000"


def test_caps_are_written_where_cgroup_v2_reads_them(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()

    assert cap_builds(CAPS, engine_url=LOCAL, cgroup_parent="/own", root=tmp_path) == ""

    assert (tmp_path / "own/buildkit/memory.max").read_text() == str(512 * 1024 * 1024)
    assert (tmp_path / "own/buildkit/cpu.max").read_text() == "150000 100000"


def test_a_distant_engine_is_said_to_be_uncapped(tmp_path: Path) -> None:
    assert "another machine" in cap_builds(CAPS, engine_url="tcp://h:2376", root=tmp_path)


def test_a_group_that_cannot_be_written_is_said_to_be_uncapped(tmp_path: Path) -> None:
    (tmp_path / "memory").touch()

    assert "not capped" in cap_builds(CAPS, engine_url=LOCAL, root=tmp_path)
