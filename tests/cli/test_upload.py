"""`kyozo deploy --upload`: the platform never looks at the folder itself."""

import tarfile
from pathlib import Path

import pytest

from kyozo.cli.upload import pack
from tests.cli.conftest import Kyozo

pytestmark = pytest.mark.timeout(120)


def test_a_folder_is_sent_and_deployed(kyozo: Kyozo, app: Path) -> None:
    token = kyozo("token", "create", app.name, "--scope", "deploy", "--json").json["token"]

    done = kyozo("deploy", str(app), "--upload", "--yes", "--json", "--token", token)

    assert done.status == 0, done.err
    [service] = done.json["services"]
    assert service["workspace"]["storage_backend"] == "archive"
    assert service["workspace"]["name"] == app.name


def test_sent_again_it_is_the_same_workspace_and_service(kyozo: Kyozo, app: Path) -> None:
    name = f"{app.name}-again"
    first = kyozo("deploy", str(app), "--workspace", name, "--yes", "--json")
    (app / "more.py").write_text("new = True\n")

    again = kyozo("deploy", str(app), "--workspace", name, "--yes", "--json")

    assert first.json["services"][0]["id"] == again.json["services"][0]["id"]
    assert again.json["operations"][0]["state"] == "succeeded"


def test_a_registered_folder_of_that_name_is_left_alone(kyozo: Kyozo, app: Path) -> None:
    assert kyozo("deploy", str(app), "--yes", "--detach").status == 0

    done = kyozo("deploy", str(app), "--upload", "--yes")

    assert (done.status, "--workspace" in done.err) == (1, True)


def test_what_is_nobodys_business_stays_here(app: Path, tmp_path: Path) -> None:
    for secret in (".env", ".env.production"):
        (app / secret).write_text("PASSWORD=x")
    (app / ".env.example").write_text("PASSWORD=")
    (app / "node_modules").mkdir()
    (app / "node_modules" / "x.js").write_text("")
    (app / ".ssh").mkdir()
    (app / ".ssh" / "id_rsa").write_text("key")
    (app / "out").symlink_to("/etc")

    with (tmp_path / "packed").open("w+b") as file:
        files = pack(app, file)
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            names = set(archive.getnames())

    assert (files, names) == (3, {".", "./.env.example", "./app.py", "./requirements.txt"})


def test_a_folder_that_is_not_there_is_not_sent(kyozo: Kyozo, tmp_path: Path) -> None:
    assert "there is no folder" in kyozo("deploy", str(tmp_path / "none"), "--upload").err
