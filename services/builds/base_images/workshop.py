"""Makes base images available: those present are used, others are pulled or built once."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from services.builds.base_images import bootstrap, recipes
from services.builds.base_images.host import HostSettings, host_settings
from services.builds.client import Cancelled, DockerCli, Log
from services.builds.refs import full_name
from services.errors import CancelledError

LABEL_BASE = "dev.kyozo.base"
LABEL_RECIPE = "dev.kyozo.base.recipe"
INSPECT = '{{.Id}} {{.Size}} {{with .Config.Labels}}{{index . "dev.kyozo.base.recipe"}}{{end}}'
POLL_S = 0.2
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where base images are made: an engine, a folder for locks and scratch, the environment.

    `check_room` is asked before anything is fetched or made, and may refuse. `pulled` hears of each
    pull, and which id the name had before ("" for none): what came may go again.
    """

    docker: DockerCli
    state_dir: Path
    environ: Mapping[str, str]
    check_room: Callable[[], None] = lambda: None
    pulled: Callable[[str, str], None] = lambda ref, before: None

    def pull(self, ref: str, *, log: Log, cancelled: Cancelled) -> None:
        had = present(self.docker, [ref]).get(ref)
        self.docker.pull(ref, log=log, cancelled=cancelled)
        self.pulled(ref, had.id if had else "")


@dataclass(frozen=True, slots=True)
class Present:
    """An image that the engine has; `recipe` is the hash one of ours was made from."""

    id: str
    size_bytes: int
    recipe: str = ""


def ensure(
    needs: Iterable[str],
    *,
    shop: Workshop,
    log: Log,
    tell: Log = lambda _: None,
    cancelled: Cancelled = lambda: False,
    fresh: bool = False,
) -> dict[str, str]:
    """Image ids by name: public ones are pulled when missing, ours made when their recipe changed.

    `log` gets every line; `tell` a few words whenever something long begins. `fresh` makes ours
    anew even so, with today's packages.
    """
    refs = list(dict.fromkeys(needs))
    host = host_settings(shop.environ) if any(map(recipes.is_local, refs)) else HostSettings({})
    ready = {} if fresh else _ready(shop, refs, host)
    missing = [ref for ref in refs if ref not in ready]
    if missing:
        shop.check_room()
    if own := [ref for ref in missing if recipes.is_local(ref)]:
        _Making(shop, host, log, tell, cancelled, is_fresh=fresh).make(own)
    for ref in missing:
        if not recipes.is_local(ref):
            tell(f"pulling {ref}")
            shop.pull(ref, log=log, cancelled=cancelled)
    return ready | (_ready(shop, missing, host) if missing else {})


def _ready(shop: Workshop, refs: list[str], host: HostSettings) -> dict[str, str]:
    """The images that are here and, where they are ours, up to date.

    Only root can make ours: for others those that are here will do, whoever made them when.
    """
    found = present(shop.docker, refs)
    takes_any = os.geteuid() != 0
    return {
        ref: image.id
        for ref, image in found.items()
        if takes_any or not recipes.is_local(ref) or image.recipe == recipes.recipe(ref, host).hash
    }


def present(docker: DockerCli, refs: list[str]) -> dict[str, Present]:
    """What the engine has of these names: one call when all are there, else one each."""
    if not refs:
        return {}
    # By full names: a word alone may be the beginning of an id to the engine.
    names = [full_name(ref) for ref in refs]
    answer = docker.query("image", "inspect", "--format", INSPECT, *names, accept=(0, 1))
    lines = [line for line in answer.splitlines() if line]
    if len(lines) == len(refs):
        return {ref: _parse(line) for ref, line in zip(refs, lines, strict=True)}
    if len(refs) == 1:
        return {}
    return {ref: image for one in refs for ref, image in present(docker, [one]).items()}


def _parse(line: str) -> Present:
    image_id, size, *recipe = line.split()
    return Present(image_id, int(size), *recipe[:1])


@dataclass(frozen=True, slots=True)
class _Making:
    """Builds a local image and what it stands on, while nobody else does."""

    shop: Workshop
    host: HostSettings
    log: Log
    tell: Log
    cancelled: Cancelled

    is_fresh: bool = False
    made: set[str] = field(default_factory=set)

    def make(self, refs: list[str]) -> None:
        with self._alone() as scratch:
            for ref in refs:
                self._make(recipes.recipe(ref, self.host), scratch)

    def _make(self, recipe: recipes.Recipe, scratch: Path) -> None:
        if self._has(recipe.ref, recipe.hash):
            return
        if recipe.tool == "debian":
            self._make_rootfs(recipe, scratch)
        else:
            self._make(recipes.recipe(recipe.parent, self.host), scratch)
        started = time.monotonic()
        self.tell(f"making the base image {recipe.ref}, once")
        self.log(f"building {recipe.ref}")
        self._build(recipe, scratch)
        self.made.add(recipe.ref)
        self.log(f"built {recipe.ref} in {time.monotonic() - started:.1f} s")

    def _build(self, recipe: recipes.Recipe, scratch: Path) -> None:
        arguments = ["--tag", recipe.ref, "--build-arg", f"BASE={recipe.parent}"]
        arguments += ["--build-arg", f"PACKAGES={' '.join(recipe.offer.packages)}"]
        arguments += ["--label", f"{LABEL_BASE}=1", "--label", f"{LABEL_RECIPE}={recipe.hash}"]
        for name in PROXIES:
            if name in self.shop.environ:
                arguments += ["--build-arg", name]
        with tempfile.TemporaryFile(dir=scratch) as context:
            recipes.write_context(
                recipe, self.host, context, scratch=scratch, environ=self.shop.environ
            )
            context.seek(0)
            self.shop.docker.build(
                *arguments, context=context, log=self.log, cancelled=self.cancelled
            )

    def _make_rootfs(self, recipe: recipes.Recipe, scratch: Path) -> None:
        wanted = recipes.rootfs_hash(recipe.offer.debian)
        if self._has(recipe.parent, wanted):
            return
        for name in self.host.left_out:
            self.log(f"{name} carries a password and is not written into images")
        self.tell(f"making Debian {recipe.offer.debian} from its packages, once (~20 s)")
        self.log(f"making Debian {recipe.offer.debian}")
        with tempfile.TemporaryFile(dir=scratch) as archive:
            bootstrap.bootstrap(
                recipe.offer.debian,
                archive,
                environ=self.shop.environ,
                log=self.log,
                cancelled=self.cancelled,
            )
            archive.seek(0)
            # From a finished file: a stream cut short would leave half a Debian under the name.
            self._import(archive, recipe.parent, wanted)
        self.made.add(recipe.parent)

    def _import(self, archive: IO[bytes], ref: str, wanted: str) -> None:
        changes = (f"LABEL {LABEL_BASE}=1", f"LABEL {LABEL_RECIPE}={wanted}")
        options = [word for change in changes for word in ("--change", change)]
        self.shop.docker.stream(
            [str(self.shop.docker.client.path), "import", *options, "-", ref],
            log=lambda _: None,
            cancelled=self.cancelled,
            stdin=archive,
        )

    def _has(self, ref: str, wanted: str) -> bool:
        """Whether it is here and need not be made; anew is once a run."""
        if self.is_fresh and ref not in self.made:
            return False
        image = present(self.shop.docker, [ref]).get(ref)
        return image is not None and image.recipe == wanted

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Path]:
        """Hold the lock; the scratch folder inside it is emptied of what a killed run left."""
        folder = self.shop.state_dir / "base-images"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            self._wait_for(lock)
            scratch = folder / "scratch"
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)

    def _wait_for(self, lock: IO[str]) -> None:
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    self.log("waiting for another build of base images")
                told = True
            else:
                return
            if self.cancelled():
                raise CancelledError("waiting for base images was cancelled")
            time.sleep(POLL_S)
