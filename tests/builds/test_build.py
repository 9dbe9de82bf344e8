"""Real builds on a real engine: FROM scratch and an image made here, nothing is ever pulled."""

import os
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from services.builds.build import Builder, BuildRequest, Built, build_image
from services.builds.client import find_client
from services.builds.progress import BuildLine
from services.builds.rewrite import Policy, prepare
from services.errors import BuildError, CancelledError
from services.sources.ignore import load_ignore
from services.sources.snapshot import snapshot
from tests.waiting import wait_until

ENGINE = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
BASE = "kyozo-test/shell:1"
pytestmark = [pytest.mark.docker, pytest.mark.timeout(180), pytest.mark.enable_socket]


def docker(*arguments: str, stdin: bytes | None = None) -> str:
    command = [str(find_client(os.environ).path), *arguments]
    environ = {**os.environ, "DOCKER_HOST": ENGINE}
    done = subprocess.run(command, input=stdin, env=environ, capture_output=True, check=True)
    return done.stdout.decode().strip()


def random_team() -> str:
    return secrets.token_hex(12)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny image: this machine's own shell and a few programs with their libraries."""
    root = tmp_path_factory.mktemp("root")
    for program in ("sh", "cat", "sleep", "ls", "mkdir", "env", "chmod", "rm"):
        found = Path(shutil.which(program) or "").resolve()
        _copy_in(root, found, Path("/bin") / program)
        listed = subprocess.run(["ldd", str(found)], capture_output=True, text=True, check=False)
        for word in listed.stdout.split():
            if word.startswith("/"):
                _copy_in(root, Path(word).resolve(), Path(word))
    (root / "tmp").mkdir()
    packed = subprocess.run(["tar", "-C", str(root), "-c", "."], capture_output=True, check=True)
    docker("import", "-", BASE, stdin=packed.stdout)
    return BASE


def _copy_in(root: Path, source: Path, target: Path) -> None:
    place = root / target.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, place)


@dataclass(slots=True)
class Site:
    """A folder to build, the builder, and the log of the last build."""

    folder: Path
    builder: Builder
    team: str = field(default_factory=random_team)
    lines: list[BuildLine] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)

    def build(
        self, dockerfile: str, *, cancelled: threading.Event | None = None, **more: object
    ) -> Built:
        tree = self.folder.parent / f"tree-{secrets.token_hex(4)}"
        snapshot(self.folder, tree, ignore=load_ignore(self.folder))
        prepared = prepare(dockerfile, Policy(self.team))
        tag = f"kyozo-test/{secrets.token_hex(6)}:1"
        self.tags.add(tag)
        self.lines.clear()
        request = replace(BuildRequest(tree, prepared, tag), **more)  # type: ignore[arg-type]
        asked = cancelled or threading.Event()
        return build_image(
            request, builder=self.builder, log=self.lines.append, cancelled=asked.is_set
        )

    @property
    def log(self) -> str:
        return "\n".join(line.text for line in self.lines)


@pytest.fixture
def site(tmp_path: Path, shell: str) -> Iterator[Site]:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "hello.txt").write_text(secrets.token_hex(8))
    made = Site(folder, Builder(find_client(os.environ), ENGINE, tmp_path / "work"))
    yield made
    for tag in made.tags:
        subprocess.run(
            [str(made.builder.client.path), "image", "rm", "--force", tag],
            env={**os.environ, "DOCKER_HOST": ENGINE},
            capture_output=True,
            check=False,
        )


def test_heredocs_of_run_work_on_every_engine(site: Site) -> None:
    text = f"""FROM {BASE}
ARG WORD=given
RUN <<EOF
set -e
cat <<END > /made
"$WORD" it's
END
EOF
RUN <<-'EOF'
\t#!/bin/cat
\tshown whole
\tEOF
RUN cat <<EOF >> /made
$WORD twice
EOF
RUN cat /made
"""

    site.build(text)

    assert "shown whole" in site.log
    assert '"given" it\'s' in site.log
    assert "given twice" in site.log


def test_a_folder_becomes_an_image(site: Site) -> None:
    built = site.build(
        f"FROM {BASE}\nCOPY hello.txt /\nRUN cat hello.txt\n", labels={"dev.kyozo.install": "t"}
    )

    assert built.image_id.startswith("sha256:")
    assert built.size_bytes > 1000
    assert not built.cached
    assert (site.folder / "hello.txt").read_text() in site.log
    label = docker(
        "inspect", "--format", "{{index .Config.Labels `dev.kyozo.install`}}", built.image_id
    )
    assert label == "t"


def test_nothing_of_the_build_stays_on_disk(site: Site) -> None:
    site.build("FROM scratch\nCOPY hello.txt /\n", secrets={"token": "very-secret-value"})

    assert [path.name for path in site.builder.work_dir.iterdir()] == ["docker-config"]


def test_the_second_build_of_the_same_is_cached(site: Site) -> None:
    text = f"FROM {BASE}\nCOPY hello.txt /\nRUN cat hello.txt\n"
    first = site.build(text)
    second = site.build(text)

    assert second.cached
    assert first.image_id == second.image_id
    assert not site.build(text, no_cache=True).cached


def test_a_changed_file_of_equal_size_is_built_again(site: Site) -> None:
    text = f"FROM {BASE}\nCOPY hello.txt /\n"
    first = site.build(text)
    (site.folder / "hello.txt").write_text(secrets.token_hex(8))

    assert site.build(text).image_id != first.image_id


def test_a_failing_line_is_named(site: Site) -> None:
    with pytest.raises(BuildError) as caught:
        site.build(f"FROM {BASE}\n\nRUN echo before; \\\n  echo broken >&2; exit 3\n")

    params = caught.value.params
    assert (params["dockerfile_line"], params["exit_code"]) == (3, 3)
    assert sorted(params["tail"]) == ["before", "broken"]  # two streams have no order


def test_a_file_left_out_by_dockerignore_is_missing_with_a_hint(site: Site) -> None:
    (site.folder / ".dockerignore").write_text("hello.txt\n")

    with pytest.raises(BuildError) as caught:
        site.build(f"FROM {BASE}\nCOPY hello.txt /\n")

    assert ".dockerignore" in caught.value.fix
    assert caught.value.params["dockerfile_line"] == 2


def test_an_ignored_ignore_file_is_not_copied(site: Site) -> None:
    (site.folder / "secret.env").touch()
    (site.folder / ".dockerignore").write_text("*.env\n.dockerignore\n")

    site.build(f"FROM {BASE}\nCOPY . /app/\nRUN ls -A /app\n")

    assert "hello.txt" in site.log
    assert "secret.env" not in site.log
    assert "\n.dockerignore" not in site.log


def test_a_link_out_of_the_folder_is_not_in_the_image(site: Site) -> None:
    (site.folder / "out").symlink_to("/etc/passwd")
    (site.folder / "inside").symlink_to("hello.txt")

    site.build(f"FROM {BASE}\nCOPY . /app/\nRUN ls /app; cat /app/inside\n")

    assert "\nout" not in site.log
    assert (site.folder / "hello.txt").read_text() in site.log


def test_a_missing_image_says_how_to_map_it(site: Site) -> None:
    with pytest.raises(BuildError) as caught:
        site.build("FROM localhost:1/nowhere:1\n")

    assert "kyozo images map" in caught.value.fix
    assert caught.value.params["dockerfile_line"] == 1


def test_cancelling_ends_a_build_that_would_go_on(site: Site) -> None:
    asked = threading.Event()
    threading.Timer(1.5, asked.set).start()
    started = time.monotonic()

    with pytest.raises(CancelledError):
        site.build(f"FROM {BASE}\nRUN echo {site.team}; sleep 120\n", cancelled=asked)

    assert time.monotonic() - started < 30
    # The engine ends the commands of a client that is gone, in its own time.
    wait_until(lambda: site.team not in _running_commands(), within_s=20, what="it is ended")


def test_the_time_limit_ends_the_build(site: Site) -> None:
    with pytest.raises(BuildError) as caught:
        site.build(f"FROM {BASE}\nRUN sleep 120\n", timeout_s=1.0)

    assert caught.value.error_code == "build.timeout"


def test_endless_output_ends_with_the_time_limit_and_a_capped_log(site: Site) -> None:
    line = "x" * 500
    with pytest.raises(BuildError):
        site.build(f"FROM {BASE}\nRUN while :; do echo {line}; done\n", timeout_s=3.0)

    assert sum(len(line.text) for line in site.lines) < 33 * 1024 * 1024


def test_a_secret_is_mounted_and_neither_in_log_nor_history(site: Site) -> None:
    value = secrets.token_hex(16)
    built = site.build(
        f"FROM {BASE}\nRUN --mount=type=secret,id=token cat /run/secrets/token; echo; ls /run\n",
        secrets={"token": value},
    )

    assert "****" in site.log
    history = docker("history", "--no-trunc", built.image_id)
    saved = docker("inspect", built.image_id)
    assert all(value not in text for text in (site.log, history, saved))
    assert all(site.team not in text for text in (site.log, history, saved))


def test_two_teams_see_different_caches(site: Site) -> None:
    write = "RUN --mount=type=cache,target=/c echo mine > /c/file"
    read = "RUN --mount=type=cache,id=/c,target=/c ls /c"
    site.build(f"FROM {BASE}\n{write}\n")
    site.build(f"FROM {BASE}\nRUN echo again\n{read}\n")
    assert "file" in site.log.splitlines()

    site.team = random_team()
    site.build(f"FROM {BASE}\nRUN echo other\n{read}\n")

    assert "file" not in site.log.splitlines()


def test_a_base_image_cannot_bring_a_cache_of_another_team_along(site: Site) -> None:
    """ONBUILD of an image built elsewhere: its text never came past our rewriting."""

    def build_on_it() -> list[str]:
        line = "RUN --mount=type=cache,id=shared,target=/c ls /c; echo x > /c/leftover"
        changes = (f"--change=ENV N={secrets.token_hex(4)}", f"--change=ONBUILD {line}")
        docker("import", *changes, "-", "kyozo-test/onbuild:1", stdin=_saved_root())
        site.tags.add("kyozo-test/onbuild:1")
        site.build("FROM kyozo-test/onbuild:1\n")
        return site.log.splitlines()

    build_on_it()
    assert "leftover" in build_on_it()

    site.team = random_team()

    assert "leftover" not in build_on_it()


def test_extra_files_are_there_and_can_run(site: Site) -> None:
    site.build(
        f"FROM {BASE}\nCOPY .kyozo/ /k/\nRUN /k/bin/start\n",
        extra_files={"bin/start": b"#!/bin/sh\necho started by us\n"},
    )

    assert "started by us" in site.log


def test_build_arguments_reach_the_steps(site: Site) -> None:
    site.build(
        f"FROM {BASE}\nARG WHO\nRUN echo hello $WHO\n", build_args={"WHO": "--no-cache $(id)"}
    )

    assert "hello --no-cache $(id)" in site.log


def test_only_the_target_stage_is_built(site: Site) -> None:
    text = f"FROM {BASE} AS one\nRUN echo first\nFROM {BASE} AS two\nRUN exit 1\n"

    assert site.build(text, target="one").image_id


def _running_commands() -> str:
    texts = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            texts.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(text for text in texts if "sleep 120" in text)


def _saved_root() -> bytes:
    container = docker("create", BASE, "sh")
    environ = {**os.environ, "DOCKER_HOST": ENGINE}
    command = [str(find_client(os.environ).path), "export", container]
    exported = subprocess.run(command, env=environ, capture_output=True, check=True).stdout
    docker("rm", container)
    return exported
