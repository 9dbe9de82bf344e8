"""RUN with a heredoc, written so that every builder knows it."""

import json

import pytest

from services.builds.plain_runs import AS_PROGRAM, LONGEST_LINE
from services.builds.rewrite import Policy, prepare

TEAM = "0123456789abcdef"


def lines(text: str) -> list[str]:
    return prepare(text, Policy(TEAM)).text.splitlines()


def argv(line: str) -> list[str]:
    found: list[str] = json.loads(line[line.index("[") :])
    return found


@pytest.mark.parametrize(
    ("run", "script"),
    [
        ("RUN <<EOF\napk update\napk add git\nEOF", "apk update\napk add git\n"),
        ("RUN <<'EOF'\necho \"$HOME\" \\\\\nEOF", 'echo "$HOME" \\\\\n'),
        ("RUN <<-EOF\n\techo a\n\t\techo b\n\tEOF", "echo a\necho b\n"),
        ("RUN 3<<EOF\necho é\nEOF", "echo é\n"),
        ("RUN <<EOF\nEOF", ""),
        ("RUN cat <<EOF > /a\nx\nEOF", "cat <<EOF > /a\nx\nEOF"),
        ("RUN cat <<-A <<'B'\n\tx\n\tA\ny\nB", "cat <<-A <<'B'\n\tx\n\tA\ny\nB"),
        ("RUN <<EOF sh\n#!/bin/x\nEOF", "<<EOF sh\n#!/bin/x\nEOF"),
    ],
)
def test_the_shell_gets_the_text_as_its_argument(run: str, script: str) -> None:
    assert argv(lines(f"FROM a\n{run}\n")[1]) == ["/bin/sh", "-c", script]


def test_what_begins_like_a_program_is_run_as_one() -> None:
    run = "RUN <<EOF\n#!/usr/bin/python3\nprint(1)\nEOF"

    found = argv(lines(f"FROM a\n{run}\n")[1])

    assert found == ["/bin/sh", "-c", AS_PROGRAM, "sh", "#!/usr/bin/python3\nprint(1)\n"]


def test_instructions_stay_on_their_lines() -> None:
    text = "FROM a\nRUN <<EOF\none\ntwo\nEOF\nUSER me\nCMD x\n"

    assert [line[:4] for line in lines(text)] == ["FROM", "RUN ", "", "", "", "USER", "CMD "]


def test_flags_stay_and_mounts_carry_the_teams_secret() -> None:
    run = "RUN --network=none --mount=type=cache,target=/x <<EOF\nhi\nEOF"

    line = lines(f"FROM a\n{run}\n")[1]

    mount = f"--mount=type=cache,target=/x,id={TEAM}-/x"
    assert line == f'RUN --network=none {mount} ["/bin/sh", "-c", "hi\\n"]'


def test_the_shell_is_the_stages_own() -> None:
    text = """FROM a AS first
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN <<EOF
one
EOF
FROM a
RUN <<EOF
two
EOF
FROM First
RUN <<EOF
three
EOF
"""

    runs = [argv(line) for line in lines(text) if line.startswith("RUN")]

    bash = ["/bin/bash", "-o", "pipefail", "-c"]
    assert runs == [[*bash, "one\n"], ["/bin/sh", "-c", "two\n"], [*bash, "three\n"]]


@pytest.mark.parametrize("shell", ["/bin/bash -c", "[1]", '{"a": 1}', "["])
def test_a_shell_that_is_no_list_changes_nothing(shell: str) -> None:
    text = f"FROM a\nSHELL {shell}\nRUN <<EOF\nx\nEOF\n"

    assert argv(lines(text)[2]) == ["/bin/sh", "-c", "x\n"]


@pytest.mark.parametrize(
    "kept",
    [
        "COPY <<EOF /a\nx\nEOF",
        "ONBUILD RUN <<EOF\nx\nEOF",
        f"RUN <<EOF\n{'x' * LONGEST_LINE}\nEOF",
        "RUN echo '<<EOF'",
    ],
)
def test_the_rest_stays_as_it_is(kept: str) -> None:
    assert lines(f"FROM a\n{kept}\n") == ["FROM a", *kept.split("\n")]
