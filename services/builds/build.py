"""One build: a clean tree and a prepared Dockerfile -> an image, its log streamed line by line."""

import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from services.builds.client import BuildClient, bare_environment, empty_config
from services.builds.failure import error_of
from services.builds.masking import Masker
from services.builds.output import LogWriter
from services.builds.process import Limit, follow, private_folder
from services.builds.progress import BuildLine
from services.builds.rewrite import Prepared
from services.errors import BuildError, InvalidError
from services.sources.snapshot import content_time_ns
from services.sources.tree import sha_of

EXTRA = ".kyozo"
BUILD_TIMEOUT_S = 20 * 60
CACHE_NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS"
# Read by the builder itself: they choose its frontend, its cache and what it sends where.
RESERVED_ARGS = re.compile(r"BUILDKIT_.*|SOURCE_DATE_EPOCH")
NAMES = {
    "tag": re.compile(r"[a-z0-9]+(?:[._/:-]+[A-Za-z0-9_]+)*"),
    "target": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}|"),
    "platform": re.compile(r"[a-z0-9]+/[a-z0-9]+(?:/[a-z0-9]+)?|"),
    "build_args": re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}"),
    "secrets": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"),
    "labels": re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?"),
    "extra_files": re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*"),
}


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What to build. `tree` is a snapshot that serves one build at a time: `extra_files` (path ->
    content) are put under `.kyozo/` in it. `secrets` (id -> value) are there to be mounted."""

    tree: Path
    dockerfile: Prepared
    tag: str
    labels: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    extra_files: Mapping[str, bytes] = field(default_factory=dict)
    target: str = ""
    platform: str = ""
    no_cache: bool = False
    timeout_s: float = BUILD_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Builder:
    """Where to build. `work_dir` is the platform's own; `docker_config` a folder with registry
    credentials, by default an empty one, never the user's. `environ` is added for the client."""

    client: BuildClient
    engine_url: str
    work_dir: Path
    docker_config: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Built:
    image_id: str
    size_bytes: int
    cached: bool
    duration_ms: int


def build_image(
    request: BuildRequest,
    *,
    builder: Builder,
    log: Callable[[BuildLine], None],
    cancelled: Callable[[], bool],
) -> Built:
    """BuildError carries a `BuildFailure` in its params; CancelledError when told to stop;
    EngineUnreachableError when the engine went away meanwhile."""
    check(request)
    started = time.monotonic()
    _place_extra_files(request.tree, request.extra_files)
    secrets = [*request.secrets.values(), request.dockerfile.cache_id]
    writer = LogWriter(log, Masker(secrets), called=request.dockerfile.pins)
    for note in request.dockerfile.notes:
        writer.say(BuildLine(note))
    environ = _environment(builder, request)
    limit = Limit(cancelled, request.timeout_s)
    with private_folder(builder.work_dir) as folder:
        command = _command(builder.client, request, folder)
        code = follow(command, environ=environ, folder=folder, feed=writer.feed, limit=limit)
        writer.finish()
        if code != 0:
            raise error_of(writer.progress, request.dockerfile.dockerfile)
        image_id = (folder / "image-id").read_text(encoding="ascii").strip()
        size = _size(builder.client, image_id, environ=environ, folder=folder)
    duration_ms = round((time.monotonic() - started) * 1000)
    return Built(image_id, size, writer.progress.is_cached, duration_ms)


def check(request: BuildRequest) -> None:
    """InvalidError for a name that could be read as something else by the client or the builder."""
    given = {
        "tag": [request.tag],
        "target": [request.target],
        "platform": [request.platform],
        "build_args": list(request.build_args),
        "secrets": list(request.secrets),
        "labels": list(request.labels),
        "extra_files": list(request.extra_files),
    }
    details = {
        name: [f"{value[:100]!r} is not allowed here" for value in bad]
        for name, values in given.items()
        if (bad := [value for value in values if not NAMES[name].fullmatch(value)])
    }
    if reserved := [name for name in request.build_args if RESERVED_ARGS.fullmatch(name)]:
        details["build_args"] = [f"{name} is set by the platform only" for name in reserved]
    for mapping in (request.build_args, request.labels):
        if any("\0" in value for value in mapping.values()):
            details["build_args"] = ["a value holds a null character"]
    if details:
        raise InvalidError(
            "the build cannot be started with these values",
            code="build.invalid",
            fix="Correct the fields named in details.",
            details=details,
        )


def _command(client: BuildClient, request: BuildRequest, folder: Path) -> list[str]:
    """Everything as --name=value, so that no value can be taken for an option."""
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(request.dockerfile.text, encoding="utf-8", newline="\n")
    # The tree is filtered already; without this file Docker would apply its own once more.
    (folder / "Dockerfile.dockerignore").write_text("# applied already\n", encoding="utf-8")
    options = [
        "--progress=plain",
        f"--file={dockerfile}",
        f"--iidfile={folder / 'image-id'}",
        f"--tag={request.tag}",
        f"--build-arg={CACHE_NAMESPACE}",  # without a value: taken from the environment
        *(f"--label={name}={value}" for name, value in request.labels.items()),
        *(f"--build-arg={name}={value}" for name, value in request.build_args.items()),
        *_secret_options(folder, request.secrets),
    ]
    options += [f"--target={request.target}"] if request.target else []
    options += [f"--platform={request.platform}"] if request.platform else []
    options += ["--no-cache"] if request.no_cache else []
    return client.build_command(*options, str(request.tree))


def _secret_options(folder: Path, secrets: Mapping[str, str]) -> list[str]:
    options = []
    for number, (name, value) in enumerate(secrets.items()):
        path = folder / f"secret-{number}"
        path.touch(mode=0o600)
        path.write_bytes(value.encode(errors="surrogateescape"))
        options.append(f"--secret=id={name},src={path}")
    return options


def _environment(builder: Builder, request: BuildRequest) -> dict[str, str]:
    config = builder.docker_config or empty_config(builder.work_dir)
    base = {
        **bare_environment(config),
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        CACHE_NAMESPACE: request.dockerfile.cache_id,
        **builder.environ,
    }
    return builder.client.environment(base, engine_url=builder.engine_url)


def _place_extra_files(tree: Path, files: Mapping[str, bytes]) -> None:
    """A fresh `.kyozo` each time. The tree's own was never copied, so nothing in it is a link."""
    top = tree / EXTRA
    if top.is_dir() and not top.is_symlink():
        shutil.rmtree(top)
    elif top.is_symlink() or top.exists():
        top.unlink()
    for name, content in files.items():
        path = top / PurePosixPath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if content.startswith(b"#!") else 0o644)
        time_ns = content_time_ns(sha_of(content))
        os.utime(path, ns=(time_ns, time_ns))


def _size(client: BuildClient, image_id: str, *, environ: Mapping[str, str], folder: Path) -> int:
    answer: list[bytes] = []
    command = [str(client.path), "image", "inspect", "--format={{.Size}}", image_id]
    limit = Limit(lambda: False, timeout_s=30)
    code = follow(command, environ=environ, folder=folder, feed=answer.append, limit=limit)
    text = b"".join(answer).decode(errors="replace").strip()
    if code != 0 or not text.isdecimal():
        message = f"the engine does not know the image it just built: {text[:200]}"
        raise BuildError(message, code="build.image_lost", fix="Build again.")
    return int(text)
