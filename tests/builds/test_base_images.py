"""Which image stands for a tool: public by name, local only where the version is really there."""

from pathlib import Path

import pytest

from services.builds.base_images.choice import Chooser
from services.builds.base_images.host import HostSettings
from services.builds.base_images.recipes import (
    DOCKERFILES,
    UnknownImageError,
    is_local,
    local_ref,
    recipe,
)
from services.builds.base_images.resolve import Source, UnknownToolError, resolve, tool_of
from services.builds.base_images.tools import TOOLS
from services.builds.base_images.workshop import Workshop, ensure
from services.builds.client import BuildClient, DockerCli

HOST = HostSettings({})
OFFERS = [(tool.name, offer.version) for tool in TOOLS.values() for offer in tool.offers]


@pytest.mark.parametrize(
    ("tool", "version", "ref"),
    [
        ("python", None, "kyozo/python:3.11"),
        ("python", ">=3.12", "kyozo/python:3.13"),
        ("node", "20.x", "kyozo/node:20"),
        ("go", "1.22", "kyozo/go:1.22"),
        ("postgres", "15-alpine", "kyozo/postgres:15"),
    ],
)
def test_a_local_version_inside_the_request_is_exact(
    tool: str, version: str | None, ref: str
) -> None:
    answer = resolve(tool, version, source=Source.LOCAL)

    assert (answer.ref, answer.exact, answer.note) == (ref, True, "")


def test_a_version_that_is_not_here_is_not_faked() -> None:
    answer = resolve("python", "3.12", source=Source.LOCAL)

    assert not answer.exact
    assert answer.offered == "3.13"
    assert answer.note == (
        "python 3.12 cannot be made here; the nearest is 3.13 (there are 3.11, 3.13)"
    )


def test_another_patch_of_the_same_line_is_taken_and_said() -> None:
    answer = resolve("python", "3.11.4", source=Source.LOCAL)

    assert answer.exact
    assert "not exactly 3.11.4" in answer.note


def test_a_newer_go_builds_what_an_older_one_built() -> None:
    answer = resolve("go", "1.20", source=Source.LOCAL)

    assert (answer.offered, answer.exact) == ("1.21", True)
    assert not resolve("go", "1.99", source=Source.LOCAL).exact


@pytest.mark.parametrize(
    ("tool", "version", "ref"),
    [
        ("python", "3.12", "python:3.12-slim-bookworm"),
        ("python", "3.12.4", "python:3.12-slim-bookworm"),
        ("python", ">=3.10,<3.13", "python:3.12-slim-bookworm"),
        ("node", "lts/iron", "node:20-bookworm-slim"),
        ("postgres", "16", "postgres:16-bookworm"),
        ("static", None, "nginx:1.28-bookworm"),
    ],
)
def test_public_names_follow_the_request(tool: str, version: str | None, ref: str) -> None:
    answer = resolve(tool, version, source=Source.REGISTRY)

    assert (answer.ref, answer.exact) == (ref, True)


def test_a_mirror_is_put_in_front_and_keeps_official_images_below_library() -> None:
    mirror = "mirror.example:5000/hub/"

    assert resolve("redis", "7", source=Source.REGISTRY, mirror=mirror).ref == (
        "mirror.example:5000/hub/library/redis:7-bookworm"
    )


def test_an_unknown_tool_names_the_known_ones() -> None:
    with pytest.raises(UnknownToolError) as raised:
        resolve("cobol", "85", source=Source.LOCAL)

    assert "python" in raised.value.fix


@pytest.mark.parametrize(
    ("image", "known_as"),
    [
        ("postgres:16-alpine", ("postgres", "16")),
        ("docker.io/library/python:3.12-slim", ("python", "3.12")),
        ("nginx", ("static", "")),
        ("redis:latest", ("redis", "")),
        ("somebody/redis:7", None),
        ("python:3.12@sha256:00", None),
    ],
)
def test_public_images_are_known_by_their_tool(
    image: str, known_as: tuple[str, str] | None
) -> None:
    assert tool_of(image) == known_as


def test_the_chooser_remembers_what_a_dockerfile_named() -> None:
    base = Chooser(Source.LOCAL)

    assert base("python", ">=3.10") == base("python", ">=3.10") == "kyozo/python:3.11"
    assert base("node", "16") == "kyozo/node:20"
    assert base.refs == ["kyozo/python:3.11", "kyozo/node:20"]
    assert [answer.tool for answer in base.inexact] == ["node"]


@pytest.mark.parametrize(("tool", "version"), OFFERS)
def test_every_offer_has_a_recipe_that_ends_at_a_bare_debian(tool: str, version: str) -> None:
    made = recipe(local_ref(tool, version), HOST)
    while made.tool != "debian":
        made = recipe(made.parent, HOST)

    assert made.parent.startswith("kyozo/rootfs:")


def test_a_recipe_changes_with_what_the_machine_trusts() -> None:
    changed = HostSettings({"usr/local/share/ca-certificates/x.crt": "another authority"})

    assert recipe("kyozo/python:3.11", HOST).hash != recipe("kyozo/python:3.11", changed).hash


@pytest.mark.parametrize("host", ["", "docker.io/", "index.docker.io/"])
def test_our_images_are_ours_however_they_are_written(host: str) -> None:
    ref = f"{host}kyozo/python:3.11"

    assert is_local(ref)
    assert recipe(ref, HOST) == recipe("kyozo/python:3.11", HOST)


@pytest.mark.parametrize(
    "ref", ["kyozo-1/python:1", "host:5000/kyozo/python:1", "kyozo", "a/kyozo/b"]
)
def test_names_that_look_like_ours_are_not(ref: str) -> None:
    assert not is_local(ref)


@pytest.mark.parametrize(
    "ref",
    ["docker.io/kyozo/python:2", "index.docker.io/kyozo/x", "docker.io/kyozo/a@sha256:" + "0" * 64],
)
def test_no_registry_is_asked_for_an_image_of_our_names(ref: str, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\necho "$1" >> {asked}\n')
    program.chmod(0o755)
    docker = DockerCli(BuildClient(program, "builtin", "20.10.24"), environ={})

    with pytest.raises(UnknownImageError):
        ensure([ref], shop=Workshop(docker, tmp_path, {}), log=lambda _: None)

    assert set(asked.read_text().split()) == {"image"}


@pytest.mark.parametrize("ref", ["kyozo/python:2.7", "kyozo/cobol:85", "python:3.11", "kyozo/"])
def test_only_what_is_in_the_table_can_be_made(ref: str) -> None:
    with pytest.raises(UnknownImageError):
        recipe(ref, HOST)


def test_our_names_are_never_those_of_public_images() -> None:
    assert all(is_local(local_ref(tool, version)) for tool, version in OFFERS)
    assert not any(is_local(tool.pattern) for tool in TOOLS.values())


def test_every_file_beside_the_dockerfiles_is_used() -> None:
    texts = [path.read_text() for path in DOCKERFILES.glob("*.Dockerfile")]
    texts.append((DOCKERFILES.parent / "bootstrap.py").read_text())

    unused = [
        path.name
        for path in (DOCKERFILES / "files").iterdir()
        if not any(path.name in text for text in texts)
    ]

    assert unused == []
