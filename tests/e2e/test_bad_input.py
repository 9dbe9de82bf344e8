"""Folders that cannot be deployed: a clear message, the next step, and nothing left half-done."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import Done, Kyozo, get

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

Folder = Callable[..., Path]


def refused(kyozo: Kyozo, place: object, *options: str) -> Done:
    """Deploy what must fail: quietly enough that nobody sees a traceback, clearly enough to act."""
    done = kyozo("deploy", place, *options)
    assert done.code == 1, done.said
    assert "Traceback (most recent call last)" not in done.err
    return done


def test_no_such_folder(kyozo: Kyozo, tmp_path: Path) -> None:
    done = refused(kyozo, tmp_path / "nowhere")

    assert "there is no folder" in done.err
    assert "try:" in done.err


def test_an_empty_folder(kyozo: Kyozo, folder: Folder) -> None:
    done = refused(kyozo, folder("empty"))

    assert "nothing deployable" in done.said
    assert kyozo("status", "empty").code == 1


def test_a_folder_with_nothing_to_deploy(kyozo: Kyozo, folder: Folder) -> None:
    place = folder("prose")
    (place / "README.md").write_text("# Only words\n", encoding="utf-8")

    done = refused(kyozo, place)

    assert "nothing deployable" in done.said
    assert kyozo("status", "prose").code == 1


def test_what_leads_out_of_the_folder_is_not_followed(
    kyozo: Kyozo, site: Callable[[str], Path]
) -> None:
    place = site("curious")
    os.mkfifo(place / "pipe")
    (place / "passwords.txt").symlink_to("/etc/passwd")
    (place / "loop").symlink_to(".")

    kyozo.deploy(place)

    assert get(kyozo.url("curious")).status_code == 200
    assert get(kyozo.url("curious"), "/passwords.txt").status_code in {403, 404}


def test_a_dockerfile_that_fails_is_quoted_where_it_failed(kyozo: Kyozo, folder: Folder) -> None:
    place = folder("own")
    (place / "Dockerfile").write_text("FROM kyozo/debian:12\nRUN ls /nothing-here\n")

    done = refused(kyozo, place)

    assert "RUN ls /nothing-here" in done.said
    assert "cannot access" in done.said
    assert kyozo.service("own")["status"] == "error"


def test_an_image_that_cannot_be_pulled_says_how_to_map_it(kyozo: Kyozo, folder: Folder) -> None:
    place = folder("foreign")
    (place / "Dockerfile").write_text('FROM registry.invalid/thing:1\nCMD ["/thing"]\n')

    done = refused(kyozo, place)

    assert "registry.invalid/thing:1" in done.said
    assert "images map" in done.said


@pytest.mark.parametrize(
    ("name", "start", "words"),
    [
        ("exits", "sh -c 'echo no luck; exit 3'", ["code 3", "no luck"]),
        ("deaf", "sleep 600", ["listen", "8000"]),
        ("shy", "gunicorn --bind 127.0.0.1:8000 app:app", ["127.0.0.1", "0.0.0.0"]),
    ],
)
def test_a_program_that_does_not_serve(
    name: str, start: str, words: list[str], kyozo: Kyozo, folder: Folder
) -> None:
    done = refused(kyozo, folder(name, "flask-hello"), "--start", start)

    assert [word for word in words if word not in done.said] == []
    assert kyozo.service(name)["status"] == "error"
    assert kyozo.containers(name) == []


def test_after_a_failure_the_mended_folder_deploys(kyozo: Kyozo, folder: Folder) -> None:
    place = folder("mended", "flask-hello")
    good = (place / "app.py").read_text(encoding="utf-8")
    (place / "app.py").write_text("raise SystemExit(1)\n", encoding="utf-8")
    refused(kyozo, place, "--start", "gunicorn --bind 0.0.0.0:8000 app:app")

    (place / "app.py").write_text(good, encoding="utf-8")
    kyozo.deploy(place)

    assert get(kyozo.url("mended")).status_code == 200


def test_a_host_port_that_somebody_holds_is_not_given(
    own_kyozo: Kyozo, site: Callable[[str], Path]
) -> None:
    first = own_kyozo.run.port(10)
    with socket.create_server(("127.0.0.1", first)):
        own_kyozo.deploy(site("next-door"))

        assert not own_kyozo.url("next-door").endswith(f":{first}")
        assert get(own_kyozo.url("next-door")).status_code == 200
