"""What may be asked of a build: nothing that client or builder would read as something else."""

import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from services.builds.build import BuildRequest, check
from services.builds.rewrite import Policy, prepare
from services.errors import InvalidError


def request(**more: object) -> BuildRequest:
    prepared = prepare("FROM scratch\n", Policy(secrets.token_hex(12)))
    return replace(BuildRequest(Path("/nowhere"), prepared, "a/b:1"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "more",
    [
        {"tag": "--push"},
        {"tag": "a b"},
        {"tag": ""},
        {"target": "-x"},
        {"platform": "linux"},
        {"labels": {"--x": ""}},
        {"labels": {"a": "\0"}},
        {"build_args": {"A-B": ""}},
        {"build_args": {"A": "x\0y"}},
        {"build_args": {"BUILDKIT_SYNTAX": "evil/image"}},
        {"build_args": {"BUILDKIT_CACHE_MOUNT_NS": "x"}},
        {"secrets": {"a,src=/etc/shadow": ""}},
        {"extra_files": {"../x": b""}},
        {"extra_files": {"a/../../x": b""}},
        {"extra_files": {"/etc/x": b""}},
        {"extra_files": {"a//b": b""}},
    ],
)
def test_values_that_could_mean_something_else_are_refused(more: dict[str, object]) -> None:
    with pytest.raises(InvalidError) as caught:
        check(request(**more))

    assert caught.value.details


def test_usual_values_are_accepted() -> None:
    check(
        request(
            tag="kyozo/team-1/web_app:0a1b2c",
            target="final-stage",
            platform="linux/arm64/v8",
            labels={"dev.kyozo.install": "x y\n"},
            build_args={"NODE_ENV": "a=b"},
            secrets={"npm_token": "x"},
            extra_files={"start.sh": b"", "conf/nginx.conf": b"", ".npmrc": b""},
        )
    )
