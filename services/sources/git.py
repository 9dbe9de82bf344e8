"""One commit of a git repository -> a folder. Its files are unpacked, never checked out."""

import base64
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.errors import InvalidError
from services.sources.archive import unpack
from services.sources.git_address import COMMIT, Network, Repository, check_ref, reachable
from services.sources.git_run import Git, GitLimits
from services.sources.git_ssh import HostKey, changed, over_ssh
from services.sources.limits import ArchiveLimits, LeftOut


@dataclass(frozen=True, slots=True)
class Credential:
    """A token for https, with the user name that some servers want, or a deploy key for ssh."""

    username: str = ""
    token: str = ""
    deploy_key: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """How far git may go: private networks that are allowed, a certificate to trust, limits."""

    networks: Sequence[Network] = ()
    ca_file: str = ""
    limits: GitLimits = GitLimits()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Commit:
    """`host_key` is the one that an ssh server showed, to be given again the next time."""

    commit: str
    left_out: tuple[LeftOut, ...]
    host_key: str = ""


def fetch_commit(
    repository: Repository,
    into: Path,
    *,
    ref: str = "",
    credential: Credential | None = None,
    way: Way | None = None,
    host: HostKey | None = None,
) -> Commit:
    """`ref` is a branch, a tag or a commit; empty for what the repository calls its head."""
    check_ref(ref)
    scratch = into.with_name(f"{into.name}.part")
    scratch.mkdir(mode=0o700)
    way, host = way or Way(), host or HostKey()
    try:
        plain, addresses = _git(scratch, repository, credential or Credential(), way)
        git, server = plain, ""
        if repository.scheme == "ssh":
            key = credential.deploy_key if credential else ""
            git, server = over_ssh(plain, repository, addresses[0], key=key, host=host)
        try:
            commit = _fetched(git, repository, ref)
        except InvalidError as exc:
            if exc.error_code != "git.host_key_changed":
                raise
            raise changed(plain, repository, addresses[0], server) from exc
        limits = ArchiveLimits(bytes=git.limits.bytes)
        made = unpack(scratch / "tree.tar", into, limits=limits, is_checkout=True)
        return Commit(commit, made.left_out, server)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _fetched(git: Git, repository: Repository, ref: str) -> str:
    """The commit; its files lie in tree.tar then."""
    git.run("init", "--quiet", "--bare", "--template=", "repository")
    wanted = _wanted(git, repository, ref)
    within = ("-C", "repository")
    git.run(
        *within, "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules",
        "--no-write-fetch-head", "--", repository.url, f"+{wanted}:refs/kyozo/wanted",
    )  # fmt: skip
    commit = git.run(*within, "rev-parse", "--verify", "refs/kyozo/wanted^{commit}").strip()
    _take_all_files(git.scratch)
    git.run(*within, "archive", "--format=tar", f"--output={git.scratch / 'tree.tar'}", commit)
    return commit


def _take_all_files(scratch: Path) -> None:
    """A repository may mark files as not for archives, or to be rewritten in them."""
    info = scratch / "repository" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* -export-ignore -export-subst\n")


def _wanted(git: Git, repository: Repository, ref: str) -> str:
    """A branch goes before a tag of the same name, and both before a commit."""
    if not ref:
        return "HEAD"
    names = [f"refs/heads/{ref}", f"refs/tags/{ref}"]
    listed = git.run("ls-remote", "--quiet", "--", repository.url, *names)
    there = {line.partition("\t")[2] for line in listed.splitlines()}
    for name in names:
        if name in there:
            return name
    if COMMIT.fullmatch(ref):
        return ref
    raise InvalidError(
        f"the repository has no branch and no tag {ref}",
        code="git.ref_not_found",
        details={"ref": ["there is no such branch or tag; a commit needs all its 40 digits"]},
    )


def _git(
    scratch: Path, repository: Repository, credential: Credential, way: Way
) -> tuple[Git, list[str]]:
    """With the addresses that may be asked; of a local repository there are none."""
    config: dict[str, str] = {}
    addresses: list[str] = []
    if repository.scheme != "file":
        addresses = reachable(repository, way.networks)
        if repository.scheme == "https":
            config = dict(_https(repository, credential, addresses, way.ca_file))
    else:
        config = {"safe.directory": "*"}  # an administrator named it; its owner may be another
    ends_at = time.monotonic() + way.limits.seconds
    return Git(scratch, repository.scheme, way.limits, ends_at, config), addresses


def _https(
    repository: Repository, credential: Credential, addresses: list[str], ca_file: str
) -> Iterator[tuple[str, str]]:
    shown = ",".join(f"[{one}]" if ":" in one else one for one in addresses)
    yield "http.curloptResolve", f"{repository.host}:{repository.port}:{shown}"
    if ca_file:
        yield "http.sslCAInfo", ca_file
    if credential.token:
        pair = f"{credential.username or 'git'}:{credential.token}".encode()
        header = f"Authorization: Basic {base64.b64encode(pair).decode()}"
        yield f"http.{repository.site}.extraHeader", header
