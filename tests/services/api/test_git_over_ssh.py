"""Repositories over ssh, from a real sshd: the deploy key, and the server's own."""

import ipaddress
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from services.lifecycle.trees import trees
from services.models import Workspace
from services.sources.git_ssh import fingerprint
from tests.conftest import Api
from tests.factories import make_folder
from tests.sources.git_server import commit, git
from tests.sources.ssh_server import SshServer, make_key, ssh_server

pytestmark = [pytest.mark.usefixtures("state_dir"), pytest.mark.ssh]

HOSTILE_BRANCHES = (
    "--upload-pack=x", "$(touch${IFS}owned)", "a;touch${IFS}owned", "`id`", "x|y",
)  # fmt: skip


@pytest.fixture(autouse=True)
def reachable(settings: Settings) -> None:
    here = (ipaddress.ip_network("127.0.0.0/8"),)
    settings.KYOZO = settings.KYOZO | {"GIT_NETWORKS": here, "GIT_S": 30.0}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path / "projects", "shop")
    commit(folder, {"version": "1"})
    git(folder, "tag", "v1")
    commit(folder, {"version": "2"})
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path / "sshd") as running:
        yield running


@pytest.fixture
def made(api: Api, server: SshServer, project: Path) -> Workspace:
    answer = make(api, server, project)
    assert answer.status_code == 201, answer.content
    return Workspace.objects.get()


def make(api: Api, server: SshServer, project: Path, **fields: Any) -> Any:
    body = {"url": server.url(project), "deploy_key": server.guest.private, **fields}
    return api.post(api.at("/workspaces/git"), {"workspace": body})


def refresh(api: Api, **fields: Any) -> Any:
    return api.post(api.at(f"/workspaces/{Workspace.objects.get().pk}/refresh"), fields)


def refusal(answer: Any) -> str:
    assert answer.status_code == 422, answer.content
    assert list(trees().glob("*/*.part*")) == []
    return str(answer.json()["error"]["code"])


def content(name: str) -> str:
    return (Path(Workspace.objects.get().root) / name).read_text()


def test_a_deploy_key_opens_it(api: Api, made: Workspace, server: SshServer, project: Path) -> None:
    data = api.get(api.at(f"/workspaces/{made.pk}")).json()["data"]

    assert content("version") == "2"
    assert data["git"]["commit"] == git(project, "rev-parse", "HEAD")
    assert data["git"]["host_key"] == fingerprint(server.host.public)


@pytest.mark.parametrize("name", ["main", "v1", "commit"])
def test_a_branch_a_tag_and_a_commit_are_found(
    api: Api, server: SshServer, project: Path, name: str
) -> None:
    ref = git(project, "rev-parse", "v1") if name == "commit" else name

    assert make(api, server, project, ref=ref).status_code == 201
    assert content("version") == ("2" if name == "main" else "1")


def test_a_refresh_brings_the_newest_commit(api: Api, made: Workspace, project: Path) -> None:
    new = commit(project, {"version": "3"})

    assert refresh(api).json()["data"]["git"]["commit"] == new
    assert content("version") == "3"


def test_no_key_and_another_key_open_nothing(api: Api, server: SshServer, project: Path) -> None:
    other = make(api, server, project, deploy_key=make_key().private)
    none = api.post(api.at("/workspaces/git"), {"workspace": {"url": server.url(project)}})

    assert [refusal(other), refusal(none)] == ["git.auth_failed"] * 2
    assert not Workspace.objects.exists()


def test_the_deploy_key_is_encrypted_and_lies_nowhere(
    api: Api, made: Workspace, server: SshServer, state_dir: Path
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT git_credential FROM services_workspace")
        [stored] = cursor.fetchone()
    secret = server.guest.private.splitlines()[1]

    assert secret in made.git_credential["deploy_key"]
    assert secret not in stored
    files = [path for path in state_dir.rglob("*") if path.is_file()]
    assert files
    assert not any(secret.encode() in path.read_bytes() for path in files)
    assert secret not in api.get(api.at(f"/workspaces/{made.pk}")).content.decode()


@pytest.mark.parametrize("passphrase", ["", "open sesame"])
def test_a_key_that_cannot_be_used_is_said_before_anybody_is_asked(
    api: Api, server: SshServer, project: Path, passphrase: str
) -> None:
    key = make_key(passphrase=passphrase).private
    if not passphrase:
        key = key[:60] + key[70:]
    before = server.log

    assert refusal(make(api, server, project, deploy_key=key)) == "git.bad_key"
    assert server.log == before


def test_a_key_from_windows_in_another_form_is_taken(
    api: Api, server: SshServer, project: Path
) -> None:
    crlf = "\r\n".join(f"  {line}" for line in server.guest.private.splitlines())

    assert make(api, server, project, deploy_key=crlf).status_code == 201


def test_a_server_with_another_key_is_refused_and_not_shown_ours(
    api: Api, made: Workspace, server: SshServer
) -> None:
    server.restart(host=make_key())
    before = len(server.log)

    answer = refresh(api)

    error = answer.json()["error"]
    assert refusal(answer) == "git.host_key_changed"
    assert fingerprint(server.host.public) in error["message"]
    assert fingerprint(server.host.public) in error["fix"]
    assert "Accepted" not in server.log[before:]
    assert "Postponed publickey" not in server.log[before:]


def test_the_new_key_is_accepted_by_its_fingerprint(
    api: Api, made: Workspace, server: SshServer
) -> None:
    server.restart(host=make_key())

    wrong = refresh(api, host_key=fingerprint(make_key().public))
    right = refresh(api, host_key=fingerprint(server.host.public))

    assert refusal(wrong) == "git.host_key_changed"
    assert right.json()["data"]["git"]["host_key"] == fingerprint(server.host.public)
    assert refresh(api).status_code == 200


def test_a_key_that_is_known_beforehand_must_be_shown(
    api: Api, server: SshServer, project: Path
) -> None:
    wrong = make(api, server, project, host_key=fingerprint(make_key().public))

    assert refusal(wrong) == "git.host_key_changed"
    assert "Accepted" not in server.log
    right = make(api, server, project, host_key=fingerprint(server.host.public))
    assert right.status_code == 201


@pytest.mark.parametrize("value", ["yes", "SHA256:", "SHA256:" + "x" * 44, "SHA256:" + "x\n" * 20])
def test_what_is_no_fingerprint_is_refused(api: Api, made: Workspace, value: str) -> None:
    assert refresh(api, host_key=value).status_code == 422
    assert Workspace.objects.get().git_host_key == made.git_host_key


def test_a_host_key_is_for_ssh_only(api: Api) -> None:
    fields = {"url": "https://example.com/x", "host_key": fingerprint(make_key().public)}

    assert refusal(api.post(api.at("/workspaces/git"), {"workspace": fields})) == "git.url_refused"


@pytest.mark.parametrize(
    "url",
    [
        "ssh://-oProxyCommand=touch%20owned/x",
        "ssh://a@-oProxyCommand=x/y",
        "ssh://a;id@127.0.0.1/x",
        "ssh://$(id)@127.0.0.1/x",
        "ssh://`id`@127.0.0.1/x",
        "ssh://-l@127.0.0.1/x",
        "ssh://a:b@127.0.0.1/x",
        "ssh://a@127.0.0.1:22;id/x",
        "ssh://a@127.0.0.1/x;touch owned",
        "ssh://a@127.0.0.1/$(touch owned)",
        "a'b@127.0.0.1:x",
        "a@127.0.0.1:-x",
        "a@127.0.0.1:'x",
        "git+ssh://a@127.0.0.1/x",
        "ext::ssh a@127.0.0.1 %S x",
    ],
)
def test_nothing_of_an_address_reaches_a_shell(
    api: Api, server: SshServer, project: Path, url: str
) -> None:
    there = url.replace("127.0.0.1/", f"127.0.0.1:{server.port}/")
    before = server.log

    assert refusal(make(api, server, project, url=there)) == "git.url_refused"
    assert server.log == before


def test_branches_with_hostile_names_are_only_names(
    api: Api, server: SshServer, project: Path, tmp_path: Path
) -> None:
    head = git(project, "rev-parse", "HEAD")
    packed = [f"{head} refs/heads/{name}" for name in HOSTILE_BRANCHES]
    (project / ".git/packed-refs").write_text("\n".join(packed) + "\n")

    assert make(api, server, project, ref="main").status_code == 201
    for name in (*HOSTILE_BRANCHES, "../../x", "x..y", "x:y"):
        assert refusal(refresh(api, ref=name)) == "git.bad_ref"
    assert not list(tmp_path.rglob("owned"))


def test_submodules_stay_empty_and_links_do_not_lead_out(
    api: Api, server: SshServer, project: Path, tmp_path: Path
) -> None:
    other = tmp_path / "projects" / "other"
    commit(other, {"secret": "x"})
    git(project, "-c", "protocol.file.allow=always", "submodule", "add", str(other), "sub")
    (project / "out").symlink_to(server.folder / "host")
    commit(project, {})

    make(api, server, project)

    root = Path(Workspace.objects.get().root)
    assert list((root / "sub").iterdir()) == []
    assert not (root / "out").is_symlink()


def test_a_repository_that_is_too_large_is_given_up(
    api: Api, server: SshServer, project: Path, settings: Settings
) -> None:
    (project / "large").write_bytes(os.urandom(3 * 1024 * 1024))
    commit(project, {})
    settings.KYOZO = settings.KYOZO | {"GIT_MB": 1}

    assert refusal(make(api, server, project)) == "git.too_large"


def test_only_the_repository_that_is_named_is_there(api: Api, server: SshServer) -> None:
    nowhere = make(api, server, server.folder / "none")

    assert refusal(nowhere) == "git.not_found"


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-slow\r\n", b"junk\n" * 100])
def test_a_server_that_hangs_is_left(
    api: Api, server: SshServer, project: Path, settings: Settings, greeting: bytes
) -> None:
    settings.KYOZO = settings.KYOZO | {"GIT_S": 1.0}
    held: list[socket.socket] = []

    with socket.create_server(("127.0.0.1", 0)) as silent:

        def serve() -> None:
            try:
                while True:
                    one, _ = silent.accept()
                    held.append(one)
                    one.sendall(greeting)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        port = silent.getsockname()[1]
        url = f"ssh://git@127.0.0.1:{port}/x"
        began = time.monotonic()
        answer = make(api, server, project, url=url)
        silent.shutdown(socket.SHUT_RDWR)
    for one in held:
        one.close()

    assert refusal(answer) == "git.timeout"
    assert time.monotonic() - began < 10
    assert not [line for line in _running() if url in line or f"-p {port} " in line]


def _running() -> list[str]:
    """Command lines of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found
