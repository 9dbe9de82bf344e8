"""What teams could try in a Dockerfile to reach another team's cache, image or the host."""

import re

import pytest

from services.builds.rewrite import Policy, Prepared, check_triggers, prepare
from services.errors import InvalidError

TEAM = "teamsecret0123456789"
POLICY = Policy(TEAM)


def done(text: str, policy: Policy = POLICY, given: dict[str, str] | None = None) -> Prepared:
    return prepare(text, policy, build_args=given)


def mounts(text: str) -> list[str]:
    return re.findall(r"--mount=(\S+)", done(f"FROM a\n{text}\n").text)


@pytest.mark.parametrize(
    ("line", "cache"),
    [
        ("RUN --mount=type=cache,target=/x y", "target=/x,id=T-/x"),
        ("RUN --mount=type=cache,dst=/x y", "dst=/x,id=T-/x"),
        ("RUN --mount=type=cache,id=pip,target=/x y", "target=/x,id=T-pip"),
        ("run --mount=type=cache,target=/x y", "target=/x,id=T-/x"),
        ("RUN --mount=TYPE=Cache,ID=o,target=/x y", "target=/x,id=T-o"),
        ("RUN --mount=target=/x,type=cache y", "target=/x,type=cache,id=T-/x"),
        ("RUN --mo\\\nunt=type=ca\\\n# comment\n\nche,target=/x y", "target=/x,id=T-/x"),
        ("RUN '--mount=type=cache,target=/x' y", None),
        ("RUN --'mount'=type=cache,target=/x y", "target=/x,id=T-/x"),
        ('RUN --mount="type=cache,id=o,target=/x" y', "target=/x,id=T-o"),
        ("RUN --mo\\unt=type=cache,target=/x y", "target=/x,id=T-/x"),
        ("RUN --network=none --mount=type=cache,target=/x y", "target=/x,id=T-/x"),
        ("RUN\t--mount=type=cache,target=/x ['y']", "target=/x,id=T-/x"),
        ("ONBUILD RUN --mount=type=cache,target=/x y", "target=/x,id=T-/x"),
        ("onbuild run --mount=type=cache,id=other,target=/x y", "target=/x,id=T-other"),
        ("RUN --mount=type=cache,id=${OTHER},target=/x y", "target=/x,id=T-${OTHER}"),
        ("RUN --mount=type=cache,id=../../o,target=/x y", "target=/x,id=T-../../o"),
        ("RUN --mount=type=cache,target=/x <<EOF\nhi\nEOF", "target=/x,id=T-/x"),
        ("RUN --mount=type=cache,id=,target=/x y", "target=/x,id=T-/x"),
    ],
)
def test_every_cache_mount_carries_the_teams_secret(line: str, cache: str | None) -> None:
    found = mounts(line)

    if cache is None:
        assert found == ["type=cache,target=/x'"]  # a word of the command, to BuildKit as well
    else:
        wanted = cache.replace("T-", f"{TEAM}-")
        assert found == [wanted if "type=" in cache else f"type={_kind(line)},{wanted}"]


def _kind(line: str) -> str:
    return "Cache" if "Cache" in line else "cache"


def test_all_mounts_of_an_escaped_windows_style_file_are_found() -> None:
    text = "# escape=`\nFROM a\nRUN --mount=type=`\ncache,target=/x y\n"

    assert f"--mount=type=cache,target=/x,id={TEAM}-/x y" in done(text).text


def test_other_mounts_stay_as_they_are() -> None:
    line = "--mount=type=secret,id=token,required --mount=type=bind,source=a,target=/a,ro"

    assert done(f"FROM a\nRUN {line} y\n").text == f"FROM a\nRUN {line} y\n"


@pytest.mark.parametrize(
    "line",
    [
        "RUN --mount=type=cache,id=a,id=b,target=/x y",
        "RUN --mount=type=bind,type=cache,target=/x y",
        "RUN --mount=type=${T},target=/x y",
        "RUN --mount=type=cache y",
        "RUN --mount = type=cache,target=/x y",
        'RUN --mount=\\"type=cache\\",target=/x y',
        "RUN --mount='type=cache, target=/x' y",
        "RUN --MOUNT=type=cache,target=/x y",
        "RUN --mount=type=cache\u00a0,target=/x y",
        "RUN -- --mount=type=cache,target=/x y",
        "RUN --security=insecure y",
        "RUN --security y",
        "RUN --network=host y",
        "RUN --network=$N y",
        "RUN --device=nvidia.com/gpu=all y",
        "ONBUILD RUN --security=insecure y",
        "ONBUILD --x RUN y",
        "RUN --mount=type=bind,from=$IMAGE,target=/x y",
        "COPY --from=$IMAGE /a /b",
        "COPY --from=docker-image://x /a /b",
        "COPY --from=later /a /b\nFROM b AS later",
        "ADD http://127.0.0.1:8000/ /x",
        "ADD ht\\\ntp://metadata/ /x",
        'ADD "http"://metadata/ /x',
        "ADD ${URL} /x",
        "ADD h${TTP} /x",
        "ADD git@host:repo /x",
        'ADD ["a", "http\\u003a//127.0.0.1/", "/x"]',
        "ONBUILD ADD http://127.0.0.1/ /x",
    ],
)
def test_ways_past_the_walls_are_refused(line: str) -> None:
    with pytest.raises(InvalidError) as caught:
        done(f"FROM a\n{line}\n")

    assert caught.value.error_code == "build.dockerfile_refused"
    assert caught.value.fix


def test_plain_additions_are_fine() -> None:
    text = 'FROM a\nADD a.tar.gz ./x target/${JAR} /opt/\nADD ["b c", "/d"]\nADD --chown=1:1 e f\n'

    assert done(text).text == text


def test_a_syntax_line_goes_with_a_note() -> None:
    found = done("# syntax=docker/dockerfile:1\nFROM a\n")

    assert found.text == "\nFROM a\n"
    assert "docker/dockerfile:1" in found.notes[0]


def test_images_are_mapped_by_name_tag_and_mirror_and_said_in_the_log() -> None:
    images = {"python:3.12-slim": "local/python:3.11", "node:*": "local/node:*"}
    policy = Policy(TEAM, images=images, mirror="mirror.test:5000/hub")
    text = "FROM docker.io/library/python:3.12-slim AS one\nFROM node:20\nFROM redis\n"
    copies = "".join(f"COPY --from={stage} /a /b\n" for stage in ("One", "01", "2"))

    found = done(f"{text}FROM q.test/x:1\n{copies}", policy)

    assert found.images == (
        "local/python:3.11",
        "local/node:20",
        "mirror.test:5000/hub/library/redis:latest",
        "q.test/x:1",
    )
    assert found.notes[1] == "line 2: node:20 is taken from local/node:20"


@pytest.mark.parametrize("ref", ["kyozo/python:3.11", "docker.io/kyozo/x", "apps/ours/web:1"])
def test_a_mirror_is_not_asked_for_what_is_made_here(ref: str) -> None:
    policy = Policy(TEAM, mirror="mirror.test", private=("apps/",), own=("apps/ours/",))

    assert done(f"FROM {ref}", policy).images == (ref,)


def test_images_of_copies_and_mounts_are_mapped_too() -> None:
    policy = Policy(TEAM, images={"busybox": "local/busybox:1"})
    stages = "COPY --from=s --chown=1 /a /b\nCOPY --from=0 /a /b\n"
    images = "COPY --from=busybox /a /b\nRUN --mount=type=bind,from=busybox,target=/x y\n"

    found = done(f"FROM a AS s\n{stages}{images}", policy)

    assert found.text.count("local/busybox:1") == 2
    assert stages in found.text


def test_stages_and_scratch_are_no_images() -> None:
    text = "FROM scratch AS Base\nFROM base AS two\nFROM two\nCOPY --from=BASE /a /b\n"

    assert done(text).images == ()


STAGES = """FROM a AS base
FROM b AS tests
COPY --from=c /x /y
FROM base AS tools
RUN --mount=from=d,target=/x y
FROM e
COPY --from=tools /x /y
"""


@pytest.mark.parametrize(
    ("target", "images"),
    [
        ("", ("a", "d", "e")),
        ("tools", ("a", "d")),
        ("Tests", ("b", "c")),
        ("0", ("a",)),
        ("none", ("a", "b", "c", "d", "e")),
    ],
)
def test_only_the_images_of_stages_that_are_needed_are_asked_for(
    target: str, images: tuple[str, ...]
) -> None:
    assert prepare(STAGES, POLICY, target=target).images == images


def test_of_stages_of_one_name_all_are_needed() -> None:
    text = "FROM a AS x\nFROM b\nCOPY --from=x /y /z\nFROM c AS x\n"

    assert prepare(text, POLICY, target="1").images == ("a", "b", "c")


@pytest.mark.parametrize(
    "platform", ["$BUILDPLATFORM", "linux/${TARGETARCH}", "Linux/x86_64", "amd64"]
)
def test_the_engines_own_platform_need_not_be_said(platform: str) -> None:
    found = prepare(f"FROM --platform={platform} a", POLICY, platform="linux/amd64")

    assert found.text == "FROM a\n"


@pytest.mark.parametrize(
    "text",
    [
        "FROM --platform=linux/arm64 a",
        "FROM --platform=arm64 a",
        "FROM --platform=$UNKNOWN a",
        "ARG BUILDPLATFORM=linux/arm64\nFROM --platform=$BUILDPLATFORM a",
    ],
)
def test_an_image_for_another_platform_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="builds are for linux/amd64"):
        prepare(text, POLICY, platform="linux/amd64")


def test_usual_lines_of_a_base_image_are_fine() -> None:
    lines = ["COPY package.json /app/", "RUN a &&\tb", "ADD --chown=1:1 . /app", "ENV A=b"]

    check_triggers(lines, POLICY)


@pytest.mark.parametrize(
    "line",
    [
        "ADD http://127.0.0.1:7081/api/rawdata /leak",
        "ADD http://169.254.169.254/ /leak",
        "add ${URL} /leak",
        'ADD ["a", "http\\u003a//127.0.0.1/", "/leak"]',
        "ADD git@host:repo /leak",
        "COPY --from=apps/theirs:1 / /leak",
        "COPY --from=0 / /leak",
        "COPY --from=anything / /leak",
        "RUN --mount=from=anything,target=/x y",
        "RUN --mount=type=cache,target=/x y",
        "RUN --network=host y",
        "RUN --security=insecure y",
        "RUN y\nADD http://127.0.0.1/ /leak",
        "# escape=`\nADD ht`\ntp://127.0.0.1/ /leak",
        "ONBUILD ADD http://127.0.0.1/ /leak",
        "FROM apps/theirs:1",
        "RUN <<EOF",
        "",
        "NOTHING",
    ],
)
def test_a_line_of_a_base_image_that_reaches_past_the_walls_is_refused(line: str) -> None:
    with pytest.raises(InvalidError):
        check_triggers(["RUN fine", line], POLICY)


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("ARG V=3.11\nFROM python:${V}\n", "python:3.11"),
        ("ARG V=3.11\nFROM python:$V\n", "python:3.12"),
        ('ARG N=python V="3.11"\nARG I=${N}:${V}\nFROM "$I" AS x\n', "python:3.11"),
        ("FROM python:${TAG:-slim}\n", "python:slim"),
        ("ARG S=x\nFROM python${S:+:slim}\n", "python:slim"),
        ("FROM --platform=$BUILDPLATFORM golang:1\n", "golang:1"),
    ],
)
def test_variables_in_from_are_settled_before_the_builder_sees_them(text: str, image: str) -> None:
    given = {"V": "3.12"} if image == "python:3.12" else {}

    found = done(text, given=given)

    assert found.images == (image,)
    assert f" {image}" in found.text.splitlines()[-1]


def test_a_from_of_a_variable_that_grows_and_grows_is_refused_in_few_words() -> None:
    rows = [f"ARG A{number + 1}={f'$A{number}' * 10}" for number in range(7)]
    text = "\n".join(["ARG A0=aaaaaaaaaa", *rows])

    for word in ("$A7", "--platform=$A7 a", "--platform=" + "a" * 1000 + " a"):
        with pytest.raises(InvalidError) as caught:
            prepare(f"{text}\nFROM {word}\n", POLICY, platform="linux/amd64")
        assert len(caught.value.message) < 300


def test_a_file_with_ever_more_stages_is_refused() -> None:
    rows = "".join(f"FROM s{number} AS s{number + 1}\n" for number in range(20_000))

    with pytest.raises(InvalidError, match="stages"):
        done(rows)


@pytest.mark.parametrize(
    "word", ["$UNKNOWN", "${A%b}", "a;b", "-x", "a//b", "..", "''", "a/../b", "A/b/C", "sha256:3f"]
)
def test_a_from_that_names_no_image_is_refused(word: str) -> None:
    with pytest.raises(InvalidError):
        done(f"FROM {word}\n")


@pytest.mark.parametrize(
    "text",
    [
        "FROM apps/theirs:1",
        "FROM docker.io/apps/theirs",
        "FROM index.docker.io/apps/theirs:1",
        "FROM a\nCOPY --from=index.docker.io/apps/theirs:1 /a /b",
        "FROM a\nRUN --mount=from=index.docker.io/apps/theirs:1,target=/x y",
        "ARG I=apps/theirs\nFROM $I",
        "FROM a\nCOPY --from=apps/theirs:1 /a /b",
        "FROM a\nRUN --mount=from=apps/theirs,target=/x y",
        "FROM a\nONBUILD COPY --from=apps/theirs /a /b",
        "FROM mapped",
    ],
)
def test_another_teams_image_is_refused_however_it_is_named(text: str) -> None:
    policy = Policy(TEAM, images={"mapped": "apps/theirs"}, private=("apps/",), own=("apps/ours/",))

    with pytest.raises(InvalidError, match="somebody else"):
        done(text, policy)

    assert done("FROM apps/ours/web:1", policy).images == ("apps/ours/web:1",)


def test_a_name_that_is_mapped_to_what_is_none_is_refused() -> None:
    with pytest.raises(InvalidError, match="not an image name"):
        done("FROM a", Policy(TEAM, images={"a": "b/../c"}))


@pytest.mark.parametrize("text", ["", "# nothing\n", "ARG A=1\n"])
def test_a_file_without_from_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="no FROM"):
        done(text)


def test_images_are_asked_for_by_their_pins_and_told_by_their_names() -> None:
    text = (
        "FROM python:3.12 AS one\nCOPY --from=redis:7 /a /b\n"
        "RUN --mount=from=redis:7,target=/x y\nONBUILD COPY --from=redis:7 /a /b\nFROM one\n"
    )
    pins = {"python:3.12": "kyozo.invalid/base:1", "redis:7": "kyozo.invalid/base:2"}

    found = prepare(text, POLICY, pins=pins)

    assert found.text.splitlines() == [
        "FROM kyozo.invalid/base:1 AS one",
        "COPY --from=kyozo.invalid/base:2 /a /b",
        "RUN --mount=from=kyozo.invalid/base:2,target=/x y",
        "ONBUILD COPY --from=redis:7 /a /b",  # stays in the image, where a pin does not
        "FROM one",
    ]
    assert found.images == ("python:3.12", "redis:7")
