"""Why a build failed, for people: which line of the Dockerfile, what it said last, what to try."""

import re
from dataclasses import asdict, dataclass

from services.builds.base_images.resolve import Source, resolve, tool_of
from services.builds.dockerfile import Dockerfile, Instruction
from services.builds.progress import EXIT_CODE, Progress, Step
from services.errors import BuildError, EngineUnreachableError, KyozoError

COUNTED = frozenset({"ADD", "COPY", "RUN", "WORKDIR"})
KILLED = 137
# What the client says when the engine stops, is killed or is not there.
ENGINE_GONE = re.compile(
    r"cannot connect to the docker daemon|error during connect|error reading from server"
    r"|code = (?:unavailable|canceled)|context canceled|transport is closing"
    r"|server did not provide an image id",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class BuildFailure:
    """`dockerfile_line` is 0 where no line is to blame; `tail` are the step's last lines."""

    step: str
    dockerfile_line: int
    exit_code: int | None
    tail: tuple[str, ...]
    oom: bool
    hint: str


@dataclass(frozen=True, slots=True)
class Hint:
    pattern: re.Pattern[str]
    text: str


def _hint(pattern: str, text: str) -> Hint:
    return Hint(re.compile(pattern, re.IGNORECASE), text)


OUT_OF_MEMORY = (
    "The step was killed, most likely out of memory:"
    " let it do less at once, or raise the memory cap of builds."
)

NOT_PULLED = (
    "The image in FROM cannot be pulled: use another one in its place with"
    " `kyozo images map IMAGE OTHER`, or correct its name."
    " `kyozo images ls` shows what can be made here."
)

# The first that matches counts, so the more special ones come first. None looks on without an end:
# a line of nothing but beginnings would take the square of its length.
HINTS = (
    _hint(
        r"no space left on device|disk quota exceeded",
        "The disk is full: free some space, for example by removing old images.",
    ),
    _hint(
        r"load metadata for|pull access denied|manifest (?:for .{0,300} )?(?:unknown|not found)"
        r"|failed to resolve source metadata|failed to do request: head",
        NOT_PULLED,
    ),
    _hint(
        r"npm ci.{0,300}(?:in sync|lock ?file)|frozen.lockfile"
        r"|poetry\.lock.{0,300}(?:changed|regenerate)"
        r"|lock ?file .{0,300}(?:not up.to.date|out of date|outdated|needs to be updated)",
        "The lock file does not fit the package file: install locally, commit the new lock file.",
    ),
    _hint(
        r"failed to compute cache key|failed to calculate checksum|\"/[^\"]*\":? not found",
        "COPY names a file that is not in the build: check its path and the .dockerignore file.",
    ),
    _hint(
        r"could not find a version|no matching (?:distribution|version) found|npm error 404"
        r"|code E404|e: unable to locate package|404 not found - get|could not find gem",
        "A package or version was not found: check its name, and that the package index has it.",
    ),
    _hint(
        r"KeyError: ['\"][A-Z][A-Z0-9_]+['\"]|environment variable not found: [A-Z]"
        r"|set the [A-Z][A-Z0-9_]+ environment variable|UndefinedValueError",
        "The build reads a variable that is only there when the service runs: give it a default.",
    ),
    _hint(
        r"failed building wheel|failed to build (?:installable wheels|`)|legacy-install-failure"
        r"|command '\S*(?:gcc|cc|g\+\+)' failed|pg_config|python\.h: no such file",
        "A Python package has no ready-made wheel for this Python and could not be compiled: name a"
        " newer release of it or its -binary variant, another Python version in .python-version,"
        " or bring a Dockerfile that installs what it compiles against.",
    ),
    _hint(
        r"gyp err!|node-gyp",
        "A Node package compiles native code and could not: name a release of it that is ready-made"
        " for this Node version, or bring a Dockerfile that installs python3, make and g++.",
    ),
    _hint(
        r"network is unreachable|could not resolve|temporary failure in name resolution"
        r"|no such host|EAI_AGAIN|ENOTFOUND|ECONNREFUSED|connection (?:timed out|refused)"
        r"|proxyconnect|i/o timeout",
        "The build could not reach the network: check DNS and the proxy settings of the engine.",
    ),
    _hint(r"javascript heap out of memory|cannot allocate memory|out of memory", OUT_OF_MEMORY),
    _hint(
        r"unknown instruction",
        "The engine's builder does not know this instruction. Where it stands in a heredoc of COPY"
        " or ADD, put the text into a file of the folder, or use a newer engine.",
    ),
    _hint(
        r"\bnot found(?:$|\n)|executable file not found",
        "A program is missing in the image: install it in an earlier step or use another base.",
    ),
    _hint(
        r"permission denied",
        "A file may not be read or run: check its mode and the USER of that step.",
    ),
)


def error_of(progress: Progress, dockerfile: Dockerfile) -> KyozoError:
    """The person's mistake, or an engine that went away: then building again may well work."""
    if not lost_its_engine(progress):
        return as_error(explain(progress, dockerfile))
    return EngineUnreachableError(
        "The container engine went away during the build.",
        fix="Start the engine (for example `dockerd`), then check with `kyozo doctor`.",
    )


def lost_its_engine(progress: Progress) -> bool:
    """By the client's own words. Of a step that ended by itself they quote the command, too."""
    step = progress.failed
    if step and EXIT_CODE.search(step.error):
        return False
    said = [*progress.last_words, step.error if step else ""]
    return bool(ENGINE_GONE.search("\n".join(said)))


def explain(progress: Progress, dockerfile: Dockerfile) -> BuildFailure:
    step = progress.failed
    if step is None:
        words = tuple(progress.last_words)
        line = _line_in("\n".join(words))
        return BuildFailure("", line, None, words, oom=False, hint=_advice(words))
    tail = tuple(step.tail)
    code = EXIT_CODE.search(step.error)
    exit_code = int(code[1]) if code else None
    # A program that ended by itself said why. The builder's own words then only quote its command.
    said = tail if code else (*tail, step.error, step.name, *progress.last_words)
    is_oom = exit_code == KILLED or _advice(said) == OUT_OF_MEMORY
    return BuildFailure(
        step=step.name,
        dockerfile_line=_line_of(step, dockerfile),
        exit_code=exit_code,
        tail=tail or (step.error,),
        oom=is_oom,
        hint=OUT_OF_MEMORY if is_oom else _with_image(_advice(said), _image_of(step)),
    )


def as_error(failure: BuildFailure) -> BuildError:
    place = f"line {failure.dockerfile_line} of the Dockerfile" if failure.dockerfile_line else ""
    what = failure.step or (failure.tail[-1] if failure.tail else "the builder said nothing")
    code = f" (exit code {failure.exit_code})" if failure.exit_code is not None else ""
    message = f"the build failed{f' at {place}' if place else ''}{code}: {what}"
    return BuildError(
        message,
        code="build.out_of_memory" if failure.oom else "build.failed",
        fix=failure.hint or "Read the last lines of the build log.",
        params=asdict(failure),
    )


def not_pulled(ref: str, said: str, dockerfile: Dockerfile) -> BuildError:
    """An image that was to be here before the build began."""
    step = Step(f"pull {ref}")
    image = _image_of(step)
    tail = tuple(said.splitlines())
    line = _line_of_image(step, dockerfile)
    hint = _with_image(NOT_PULLED, image)
    return as_error(BuildFailure(step.name, line, None, tail, oom=False, hint=hint))


def _advice(said: tuple[str, ...]) -> str:
    text = "\n".join(said)
    return next((hint.text for hint in HINTS if hint.pattern.search(text)), "")


def _line_in(text: str) -> int:
    """The line where the builder names one by itself: `dockerfile parse error line 2`."""
    found = re.search(r"parse error (?:on )?line (\d+)", text)
    return int(found[1]) if found else 0


def _line_of(step: Step, dockerfile: Dockerfile) -> int:
    """The n-th of the instructions BuildKit counts in that stage, if it is of the same kind."""
    position = step.position
    if position is None:
        return _line_of_image(step, dockerfile)
    stage = _stage(dockerfile, position["stage"] or "")
    number = int(position["number"]) - 1
    keyword = position["instruction"].partition(" ")[0]
    if number < len(stage) and stage[number].keyword == keyword:
        return stage[number].line
    return 0


def _image_of(step: Step) -> str:
    """The image of a step that looks one up, by the short name that people write."""
    return step.name.rpartition(" ")[2].removeprefix("docker.io/").removeprefix("library/")


def _with_image(hint: str, image: str) -> str:
    """The names to type, where one of the images made here can stand in."""
    named = tool_of(image) if hint == NOT_PULLED else None
    if named is None:
        return hint.replace("IMAGE", image) if hint == NOT_PULLED and ":" in image else hint
    return hint.replace("IMAGE OTHER", f"{image} {resolve(*named, source=Source.LOCAL).ref}")


def _line_of_image(step: Step, dockerfile: Dockerfile) -> int:
    image = _image_of(step)
    for one in dockerfile.instructions:
        if one.keyword == "FROM" and one.arguments.startswith(image.removesuffix(":latest")):
            return one.line
    return 0


def _stage(dockerfile: Dockerfile, name: str) -> list[Instruction]:
    """The counted instructions of a stage, its FROM first where that is a step of its own."""
    stages: list[list[Instruction]] = []
    names: dict[str, int] = {}
    for one in dockerfile.instructions:
        if one.keyword == "FROM":
            words = one.arguments.lower().split()
            is_step = words[0] != "scratch" and words[0] not in names
            stages.append([one] if is_step else [])
            names[words[2] if len(words) == 3 else f"stage-{len(stages) - 1}"] = len(stages) - 1
        elif one.keyword in COUNTED and stages:
            stages[-1].append(one)
    return stages[names.get(name.lower(), len(stages) - 1)] if stages else []
