"""One commit of a real repository over a real connection, and nothing that it would like to do."""

import ipaddress
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.errors import InvalidError
from services.sources.git import Commit, Credential, Way, fetch_commit
from services.sources.git_address import Repository, check_ref, parse, reachable
from services.sources.git_run import GitLimits, failure
from services.sources.git_ssh import write_ssh
from tests.sources.git_server import GitServer, commit, git, make_certificate, serving

TOKEN = "very-secret-token"
PASSWORD = "Basic Z2l0OnZlcnktc2VjcmV0LXRva2Vu"
HERE = ipaddress.ip_network("127.0.0.0/8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "projects" / "app"
    commit(folder, {"app.py": "print(1)\n"})
    git(folder, "tag", "v1")
    commit(folder, {"app.py": "print(2)\n"})
    git(folder, "branch", "next")
    return folder


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def server(project: Path, certificate: Path) -> Iterator[GitServer]:
    with serving(project.parent, certificate) as running:
        yield running


def way(certificate: Path, limits: GitLimits | None = None) -> Way:
    return Way((HERE,), str(certificate), limits or GitLimits(seconds=30))


def fetched(
    server: GitServer,
    tmp_path: Path,
    ref: str = "",
    *,
    token: str = "",
    limits: GitLimits | None = None,
) -> tuple[Commit, Path]:
    into = tmp_path / "tree"
    found = fetch_commit(
        parse(f"{server.url}/app/.git"),
        into,
        ref=ref,
        credential=Credential(token=token),
        way=way(server.certificate, limits),
    )
    return found, into


def refusal(
    server: GitServer, tmp_path: Path, ref: str = "", limits: GitLimits | None = None
) -> str:
    with pytest.raises(InvalidError) as caught:
        fetched(server, tmp_path, ref, limits=limits)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["projects"]
    assert TOKEN not in caught.value.message
    return caught.value.error_code


@pytest.mark.parametrize(
    ("ref", "text"), [("", "print(2)"), ("next", "print(2)"), ("v1", "print(1)")]
)
def test_a_branch_and_a_tag_are_found(
    server: GitServer, project: Path, tmp_path: Path, ref: str, text: str
) -> None:
    found, tree = fetched(server, tmp_path, ref)

    assert (tree / "app.py").read_text().strip() == text
    assert found.commit == git(project, "rev-parse", f"{ref or 'HEAD'}^{{commit}}")
    assert [path.name for path in tree.iterdir()] == ["app.py"]


def test_a_commit_is_found_by_all_its_digits(
    server: GitServer, project: Path, tmp_path: Path
) -> None:
    old = git(project, "rev-parse", "v1")

    assert fetched(server, tmp_path, old)[0].commit == old


@pytest.mark.parametrize("ref", ["nothing", "f" * 40, "f" * 7])
def test_what_is_not_there_is_said(server: GitServer, tmp_path: Path, ref: str) -> None:
    assert refusal(server, tmp_path, ref) == "git.ref_not_found"


def test_a_token_opens_a_private_repository(server: GitServer, tmp_path: Path) -> None:
    server.password = PASSWORD
    assert refusal(server, tmp_path) == "git.auth_failed"

    assert fetched(server, tmp_path, token=TOKEN)[0].commit


def test_the_token_is_in_no_argument_and_no_file(server: GitServer, tmp_path: Path) -> None:
    server.password = PASSWORD
    arguments: list[bytes] = []
    files: list[bytes] = []

    def look() -> None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                arguments.append(path.read_bytes())
            except OSError:
                continue
        files.extend(
            path.read_bytes() for path in tmp_path.glob("tree.part/**/*") if path.is_file()
        )

    server.on_request = look
    fetched(server, tmp_path, token=TOKEN)

    secrets = (TOKEN.encode(), PASSWORD.removeprefix("Basic ").encode())
    assert any(b"git\0fetch" in line or b"fetch\0" in line for line in arguments)
    assert files
    assert not any(secret in text for secret in secrets for text in arguments + files)


def test_a_server_that_sends_elsewhere_is_not_followed(
    server: GitServer, tmp_path: Path, certificate: Path, project: Path
) -> None:
    with serving(project.parent, certificate) as other:
        server.moved_to = other.url

        assert refusal(server, tmp_path) in {"git.moved", "git.failed", "git.unreachable"}
        assert other.paths == []


def test_a_private_address_is_not_even_asked(server: GitServer, tmp_path: Path) -> None:
    with pytest.raises(InvalidError) as caught:
        fetch_commit(parse(f"{server.url}/app/.git"), tmp_path / "tree")

    assert caught.value.error_code == "git.url_refused"
    assert server.paths == []


@pytest.mark.parametrize(
    "host",
    ["localhost", "0", "0x7f.1", "2130706433", "127.1", "169.254.169.254", "10.0.0.1", "[::1]"],
)
def test_no_spelling_of_a_private_address_is_reachable(host: str) -> None:
    with pytest.raises(InvalidError):
        reachable(Repository(f"https://{host}/x", "https", host.strip("[]"), 443), ())


@pytest.mark.parametrize(
    "limits", [GitLimits(seconds=0), GitLimits(bytes=100)], ids=["time", "size"]
)
def test_limits_end_it(server: GitServer, tmp_path: Path, limits: GitLimits) -> None:
    assert refusal(server, tmp_path, limits=limits) in {"git.timeout", "git.too_large"}


HOSTILE = [
    "ext::sh -c touch% /tmp/p",
    "file:///srv/app",
    "/srv/app",
    "../app",
    "git://example.com/x",
    "http://example.com/x",
    "ftp://example.com/x",
    "ssh://-oProxyCommand=x/y",
    "-oProxyCommand=x@host:y",
    "git@-oProxyCommand=x:y",
    "git@host:-x",
    "https://u:p@example.com/x",
    "https://u@example.com/x",
    "https://$HOME/x",
    "https://example.com/$(id)",
    "https://example.com/a b",
    "https://example.com/x\n",
    "https://example.com/../x",
    "https://example.com:99999/x",
    "https://example.com",
    "https://",
    "--upload-pack=x",
    "https://example.com/" + "x" * 3000,
    "https://ex\u0430mple.com/x",
    "transport::https://example.com/x",
    "",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse(url)

    assert caught.value.error_code == "git.url_refused"


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://github.com/owner/name.git", "github.com", 443),
        ("https://git.example.com:8443/a/b", "git.example.com", 8443),
        ("ssh://git@example.com:2222/a/b.git", "example.com", 2222),
        ("git@github.com:owner/name.git", "github.com", 22),
    ],
)
def test_plain_addresses_are_taken(url: str, host: str, port: int) -> None:
    assert (parse(url).host, parse(url).port) == (host, port)


@pytest.mark.parametrize(
    "ref", ["--upload-pack=x", "-x", "a..b", "a b", "a;b", "$(id)", "a@{1}", "a:b", "x.lock"]
)
def test_a_name_that_is_no_ref_is_refused(ref: str) -> None:
    with pytest.raises(InvalidError):
        check_ref(ref)


@pytest.mark.parametrize("ref", ["", "main", "feature/a+b", "v1.0-rc.1", "1" * 40])
def test_usual_names_are_taken(ref: str) -> None:
    assert check_ref(ref) == ref


def local(folder: Path, tmp_path: Path) -> tuple[Commit, Path]:
    into = tmp_path / "tree"
    return fetch_commit(Repository(f"file://{folder}", "file"), into), into


def test_nothing_of_a_repository_is_run(project: Path, tmp_path: Path) -> None:
    marker = tmp_path / "owned"
    script = f"#!/bin/sh\ntouch {marker}\ncat\n"
    commit(project, {".gitattributes": "* filter=evil\n"})
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (project / ".git/hooks" / hook).write_text(script)
        (project / ".git/hooks" / hook).chmod(0o755)
    git(project, "config", "uploadpack.packObjectsHook", f"touch {marker};")
    git(project, "config", "filter.evil.smudge", f"touch {marker}; cat")
    git(project, "config", "core.fsmonitor", f"touch {marker}")

    _, tree = local(project, tmp_path)

    assert (tree / "app.py").read_text() == "print(2)\n"
    assert not marker.exists()


def test_submodules_stay_empty(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    commit(other, {"secret": "x"})
    git(project, "-c", "protocol.file.allow=always", "submodule", "add", str(other), "sub")
    commit(project, {})

    _, tree = local(project, tmp_path)

    assert list((tree / "sub").iterdir()) == []


def test_files_that_are_not_for_archives_come_too(project: Path, tmp_path: Path) -> None:
    commit(
        project, {".gitattributes": "tests export-ignore\nv export-subst\n", "tests/a": "1",
                  "v": "$Format:%H$"}
    )  # fmt: skip

    _, tree = local(project, tmp_path)

    assert (tree / "tests/a").exists()
    assert (tree / "v").read_text() == "$Format:%H$"


def test_links_that_lead_out_are_left_out(project: Path, tmp_path: Path) -> None:
    (project / "out").symlink_to("/etc")
    (project / "near").symlink_to("app.py")
    commit(project, {})

    found, tree = local(project, tmp_path)

    assert [one.path for one in found.left_out] == ["out"]
    assert (tree / "near").is_symlink()


def test_an_empty_repository_and_none_are_told_apart(tmp_path: Path) -> None:
    for name in ("empty", "none"):
        (tmp_path / name).mkdir()
    git(tmp_path / "empty", "init", "--quiet")

    codes = []
    for name in ("empty", "none"):
        with pytest.raises(InvalidError) as caught:
            local(tmp_path / name, tmp_path)
        codes.append(caught.value.error_code)

    assert codes == ["git.ref_not_found", "git.not_found"]


def test_ssh_goes_where_we_looked_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "key").touch(mode=0o600)
    program = write_ssh(tmp_path, "192.0.2.7", "git.example.com")

    done = subprocess.run(
        [str(program), "-G", "git@git.example.com"], capture_output=True, check=True, text=True
    )

    settings = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    assert settings["hostname"] == "192.0.2.7"
    assert settings["hostkeyalias"] == "git.example.com"
    assert settings["identityfile"] == str(tmp_path / "key")
    assert (settings["batchmode"], settings["permitlocalcommand"]) == ("yes", "no")
    assert settings["stricthostkeychecking"] in {"true", "yes"}


def test_a_machine_without_ssh_is_told_what_to_install(tmp_path: Path) -> None:
    program = write_ssh(tmp_path, "192.0.2.7", "git.example.com")

    done = subprocess.run(
        [str(program), "-G", "x"], capture_output=True, check=False, text=True, env={"PATH": ""}
    )

    refused = failure(done.stderr + "fatal: Could not read from remote repository.")
    assert refused.error_code == "git.missing"
    assert "openssh-client" in refused.fix
