"""Output recorded from real builds -> log lines, steps, and the reason of a failure."""

import pytest

from services.builds.dockerfile import parse
from services.builds.failure import BuildFailure, as_error, error_of, explain, not_pulled
from services.builds.progress import BuildLine, Progress, clean
from services.errors import BuildError, EngineUnreachableError, KyozoError

DOCKERFILE = """FROM base AS deps
RUN one
FROM base
WORKDIR /app
ENV A=1
COPY --from=deps /a /b
RUN two \\
  && three
"""
FAILED = """#1 [internal] load build definition from Dockerfile
#1 sha256:{0}
#1 transferring dockerfile: 249B done
#1 DONE 0.0s

#4 [deps 1/2] FROM docker.io/library/base
#4 CACHED

#5 [stage-1 2/4] WORKDIR /app
#5 CACHED

#9 [stage-1 4/4] RUN two   && three
#9 sha256:{0}
#9 0.276 hello
#9 1.280 ab#9 ERROR: executor failed running [/bin/sh -c two   && three]: exit code: 3
------
 > [stage-1 4/4] RUN two   && three:
#9 0.276 hello
------
executor failed running [/bin/sh -c two   && three]: exit code: 3
""".format("a" * 64)


def follow(text: str) -> tuple[Progress, list[BuildLine]]:
    progress = Progress()
    return progress, [line for raw in text.splitlines() for line in progress.read(raw)]


def failure(text: str, dockerfile: str = DOCKERFILE) -> BuildFailure:
    return explain(follow(text)[0], parse(dockerfile))


def test_lines_become_steps_output_and_ends() -> None:
    _, lines = follow(FAILED)

    kinds = [(line.kind, line.text) for line in lines]
    assert kinds[:3] == [
        ("step", "[internal] load build definition from Dockerfile"),
        ("log", "transferring dockerfile: 249B done"),
        ("done", "DONE 0.0s"),
    ]
    assert ("cached", "CACHED") in kinds
    assert ("log", "hello") in kinds


def test_an_end_glued_to_the_last_output_is_found() -> None:
    _, lines = follow("#9 [2/2] RUN x\n#9 1.280 ab#9 DONE 1.3s")

    assert [(line.kind, line.text, line.seconds) for line in lines[1:]] == [
        ("log", "ab", None),
        ("done", "DONE 1.3s", 1.3),
    ]


def test_a_failure_names_line_exit_code_and_last_words() -> None:
    found = failure(FAILED)

    assert (found.dockerfile_line, found.exit_code, found.oom) == (7, 3, False)
    assert found.step == "[stage-1 4/4] RUN two   && three"
    assert found.tail == ("hello", "ab")


def test_the_error_carries_the_failure_and_says_where() -> None:
    error = as_error(failure(FAILED))

    assert error.message.startswith("the build failed at line 7 of the Dockerfile (exit code 3): ")
    assert error.params["dockerfile_line"] == 7
    assert error.error_code == "build.failed"


def test_only_the_last_twenty_lines_are_kept() -> None:
    text = "#9 [1/1] RUN x\n" + "".join(f"#9 0.1 line {n}\n" for n in range(100)) + "#9 ERROR: e\n"

    assert failure(text).tail == tuple(f"line {n}" for n in range(80, 100))


def test_exit_137_is_told_as_out_of_memory() -> None:
    found = failure("#9 [deps 2/2] RUN one\n#9 ERROR: process did not complete: exit code: 137\n")

    assert (found.dockerfile_line, found.oom) == (2, True)
    assert as_error(found).error_code == "build.out_of_memory"


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("write /x: no space left on device", "disk is full"),
        ("ERROR: Could not find a version that satisfies the requirement nope", "not found"),
        ("npm error 404 Not Found - GET nope", "not found"),
        ("E: Unable to locate package nope", "not found"),
        ("npm error `npm ci` can only install packages when they are in sync", "lock file"),
        ("ERR_PNPM_OUTDATED_LOCKFILE Cannot install with frozen-lockfile", "lock file"),
        ("dial tcp 1.2.3.4:443: connect: network is unreachable", "network"),
        ("curl: (6) Could not resolve host: example.test", "network"),
        ("Temporary failure in name resolution", "network"),
        ("FATAL ERROR: Reached heap limit - JavaScript heap out of memory", "memory"),
        ("/bin/sh: gcc: not found", "program is missing"),
        ("KeyError: 'PGHOST'", "only there when the service runs"),
        ("error: command '/usr/bin/x86_64-linux-gnu-gcc' failed", "could not be compiled"),
        ("Error: pg_config executable not found.", "-binary"),
        ("gyp ERR! find Python", "native code"),
        ("/bin/sh: ./run: Permission denied", "mode"),
    ],
)
def test_common_failures_say_what_to_do(said: str, hint: str) -> None:
    text = f"#9 [deps 2/2] RUN one\n#9 0.1 {said}\n#9 ERROR: failed: exit code: 1\n"

    assert hint in failure(text).hint


@pytest.mark.timeout(60)
@pytest.mark.parametrize("said", ["npm ci ", "manifest for ", "lock file ", "poetry.lock "])
def test_a_line_of_nothing_but_beginnings_is_looked_at_once(said: str) -> None:
    line = said * (500_000 // len(said))

    assert not failure(f"#9 [deps 2/2] RUN one\n#9 0.1 {line}\n#9 ERROR: exit code: 1\n").hint


def test_the_command_of_a_step_is_no_reason_why_it_failed() -> None:
    text = (
        "#9 [deps 2/2] RUN yarn install --frozen-lockfile\n#9 0.1 gyp ERR! not ok\n"
        '#9 ERROR: process "yarn install --frozen-lockfile" failed: exit code: 1\n'
    )

    assert "native code" in failure(text).hint


def test_a_missing_file_in_copy_points_to_the_ignore_file() -> None:
    text = '#6 [stage-1 3/4] COPY nope /x\n#6 ERROR: "/nope" not found: not found\n'

    found = failure(text)

    assert ".dockerignore" in found.hint
    assert found.dockerfile_line == 6


def test_an_image_that_cannot_be_pulled_says_how_to_map_it() -> None:
    text = (
        "#3 [internal] load metadata for docker.io/library/python:3.12-slim\n"
        '#3 ERROR: failed to do request: Head "https://x/": dial tcp: lookup x: no such host\n'
    )

    found = failure(text, "ARG A=1\nFROM python:3.12-slim\nRUN x\n")

    assert "`kyozo images map python:3.12-slim kyozo/python:3.13`" in found.hint
    assert found.dockerfile_line == 2


def test_an_image_that_could_not_be_had_before_the_build_says_the_same() -> None:
    error = not_pulled(
        "python:3.12-slim", "docker failed:\nno such host", parse("FROM python:3.12-slim")
    )

    assert "`kyozo images map python:3.12-slim kyozo/python:3.13`" in error.fix
    assert error.params["dockerfile_line"] == 1
    assert error.params["tail"][-1] == "no such host"


def test_a_builder_that_fails_outside_any_step_is_quoted() -> None:
    found = failure("failed to solve: dockerfile parse error line 2: unknown instruction: RUNX\n")

    assert found.dockerfile_line == 2
    assert "unknown instruction" in as_error(found).message


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Cannot connect to the Docker daemon at unix:///x. Is it?", EngineUnreachableError),
        ("cannot write id because server did not provide an image ID", EngineUnreachableError),
        ("#4 RUN a\n#4 ERROR: rpc error: code = Unavailable desc = EOF", EngineUnreachableError),
        ("#4 RUN a\n#4 ERROR: [echo context canceled]: exit code: 1", BuildError),
        ("failed to solve: no such file", BuildError),
    ],
)
def test_an_engine_that_goes_away_is_no_mistake_of_the_person(
    said: str, kind: type[KyozoError]
) -> None:
    assert isinstance(error_of(follow(said)[0], parse(DOCKERFILE)), kind)


def test_a_step_that_does_not_fit_the_file_blames_no_line() -> None:
    text = "#9 [9/9] RUN from an ONBUILD\n#9 ERROR: failed: exit code: 1\n"

    assert failure(text).dockerfile_line == 0


@pytest.mark.parametrize("cached", [True, False])
def test_a_build_is_cached_when_all_its_work_was(cached: bool) -> None:
    end = "CACHED" if cached else "DONE 0.1s"

    progress, _ = follow(
        f"#1 [internal] x\n#1 DONE 0.0s\n#4 [1/2] FROM a\n#5 [2/2] RUN x\n#5 {end}"
    )

    assert progress.is_cached is cached


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("10%\r50%\r100%", "100%"),
        ("100%\r", "100%"),
        ("a\x00b\x07c\x9b31m", "abc31m"),
        ("evil\u202etxt", "eviltxt"),
        ("tab\tstays é", "tab\tstays é"),
    ],
)
def test_terminal_codes_and_control_characters_are_taken_out(raw: str, shown: str) -> None:
    assert clean(raw) == shown
