"""What a person does all day, by bin/kyozo on a real engine."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import Kyozo, get
from tests.load import load
from tests.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

Folder = Callable[..., Path]
Site = Callable[[str], Path]


def test_the_first_deploy_answers_by_port_and_by_name(kyozo: Kyozo, folder: Folder) -> None:
    done = kyozo.deploy(folder("hello", "flask-hello"))

    assert "app.py:6" in done.out  # the evidence
    assert get(kyozo.url("hello")).text.startswith("Hello, world, from Flask")
    assert get(kyozo.url("hello", "host")).text.startswith("Hello, world, from Flask")


def test_an_unchanged_folder_is_left_alone(kyozo: Kyozo, site: Site) -> None:
    place = site("same")
    kyozo.deploy(place)
    before = kyozo.containers("same")

    done = kyozo.deploy(place)

    assert "unchanged" in done.said
    assert kyozo.containers("same") == before
    assert kyozo.service("same")["release"] == 1


def test_a_change_is_served_without_a_failed_request(kyozo: Kyozo, site: Site) -> None:
    place = site("change")
    kyozo.deploy(place)

    with load(kyozo.url("change")) as requests:
        (place / "index.html").write_text("<h1>two</h1>\n", encoding="utf-8")
        kyozo.deploy(place)

    assert requests.failed == []
    # Both serve for a moment, so that no request falls between them.
    assert requests.bodies[0] == "<h1>one</h1>\n"
    assert requests.bodies[-1] == "<h1>two</h1>\n"


def test_a_build_that_fails_leaves_the_old_release_serving(kyozo: Kyozo, folder: Folder) -> None:
    place = folder("broken-build", "flask-hello")
    kyozo.deploy(place)
    before = kyozo.containers("broken-build")

    (place / "requirements.txt").write_text("no-such-package-at-all==9.9\n", encoding="utf-8")
    done = kyozo("deploy", place)

    assert done.code == 1
    assert "no-such-package-at-all" in done.said
    assert kyozo.containers("broken-build") == before
    assert get(kyozo.url("broken-build")).status_code == 200
    assert kyozo.service("broken-build")["status"] == "running"


def test_a_release_that_dies_leaves_the_old_one_serving(kyozo: Kyozo, folder: Folder) -> None:
    place = folder("dying", "flask-hello")
    kyozo.deploy(place)

    with load(kyozo.url("dying")) as requests:
        (place / "app.py").write_text("from flask import Flask\napp = Flask(1 / 0)\n")
        done = kyozo("deploy", place)

    assert done.code == 1
    assert "ZeroDivisionError" in done.said
    assert requests.failed == []
    assert kyozo.service("dying")["status"] == "running"


def test_scaling_fails_no_request(kyozo: Kyozo, site: Site) -> None:
    kyozo.deploy(site("wide"))

    with load(kyozo.url("wide")) as requests:
        assert kyozo("scale", "wide", "3").code == 0
        assert len(kyozo.containers("wide")) == 3
        assert kyozo("scale", "wide", "1").code == 0
        wait_until(lambda: len(kyozo.containers("wide")) == 1, within_s=20, what="one instance")

    assert requests.failed == []


def test_rollback_serves_the_release_before_as_a_new_one(kyozo: Kyozo, site: Site) -> None:
    place = site("back")
    kyozo.deploy(place)
    (place / "index.html").write_text("<h1>two</h1>\n", encoding="utf-8")
    kyozo.deploy(place)

    done = kyozo("rollback", "back")

    assert done.code == 0, done.said
    assert get(kyozo.url("back")).text == "<h1>one</h1>\n"
    assert kyozo.service("back")["release"] == 3


def test_logs_show_what_the_program_wrote(kyozo: Kyozo, folder: Folder) -> None:
    kyozo.deploy(folder("talker", "worker"), "--only", "worker")

    # Another test may have deployed it long before: then its first line is not among the last ones.
    assert re.search(r"job \d+ done", kyozo("logs", "worker").out)


def test_a_removed_service_is_gone_and_its_port_is_free(kyozo: Kyozo, site: Site) -> None:
    kyozo.deploy(site("gone"))
    url = kyozo.url("gone")

    assert kyozo("rm", "gone", "--yes").code == 0

    assert kyozo("status", "gone").code == 1
    assert get(url).status_code == 404


def test_services_outlive_the_platform(own_kyozo: Kyozo, site: Site) -> None:
    own_kyozo.deploy(site("alone"))
    url = own_kyozo.url("alone")

    down = own_kyozo("down")

    assert "keep running" in down.out
    assert own_kyozo.platform is None
    assert get(url).status_code == 200
    assert own_kyozo("up", "--detach").code == 0
    assert own_kyozo.service("alone")["status"] == "running"


def test_down_all_stops_services_and_router(own_kyozo: Kyozo, site: Site) -> None:
    own_kyozo.deploy(site("dark"))
    label = f"label=dev.kyozo.install={own_kyozo.environment['KYOZO_INSTALL']}"

    assert own_kyozo("down", "--all").code == 0

    assert own_kyozo.docker.query("ps", "-q", "--filter", label) == ""
    assert own_kyozo.docker.query("network", "ls", "-q", "--filter", label) == ""
