"""What a compose file says about a service reaches the engine as it was meant."""

import pytest

from tests.detection.conftest import Analyzed

IMAGE = """
services:
  tool:
    image: example/tool:1
    entrypoint: {}
    command: serve --all
"""


def test_an_entrypoint_is_told_apart_from_a_command(analyzed: Analyzed) -> None:
    tool = analyzed({"compose.yaml": IMAGE.format("[/bin/run, -x]")}).services[0]

    assert (tool.entrypoint, tool.command) == (("/bin/run", "-x"), ("serve", "--all"))
    assert tool.start_command == "/bin/run -x serve --all"


def test_a_start_of_ones_own_takes_the_place_of_both(analyzed: Analyzed) -> None:
    files = {"compose.yaml": IMAGE.format("/bin/run")}
    tool = analyzed(files, start="/bin/other").services[0]

    assert (tool.entrypoint, tool.command) == ((), ("/bin/other",))


MOUNTS = """
services:
  web:
    {image}
    volumes: [{mount}]
"""
READY = "image: example/web:1"
BUILT = "build: ."


@pytest.mark.parametrize(
    ("image", "mount", "files"),
    [
        (READY, "./site.conf:/etc/site.conf:ro", [("site.conf", "/etc/site.conf")]),
        (READY, "./pages:/srv", [("pages", "/srv")]),
        (READY, "{type: bind, source: ./pages, target: /srv}", [("pages", "/srv")]),
        (BUILT, "./site.conf:/etc/site.conf", [("site.conf", "/etc/site.conf")]),
        (BUILT, "./pages:/srv", []),  # what it was built from, laid over it for development
        (READY, "/etc/passwd:/etc/site.conf", []),
        (READY, "../outside:/srv", []),
        (READY, "./missing.conf:/etc/site.conf", []),
        (READY, "pages:/srv", []),
    ],
)
def test_files_that_compose_mounts_go_along(
    analyzed: Analyzed, image: str, mount: str, files: list[tuple[str, str]]
) -> None:
    folder = {
        "compose.yaml": MOUNTS.format(image=image, mount=mount),
        "Dockerfile": "FROM example/base",
        "site.conf": "",
        "pages/index.html": "",
    }

    web = analyzed(folder).services[0]

    assert [(file.source, file.path) for file in web.files] == files


def test_a_folder_that_is_not_there_yet_is_storage(analyzed: Analyzed) -> None:
    text = MOUNTS.format(image=READY, mount="./data:/var/lib/web")

    web = analyzed({"compose.yaml": text}).services[0]

    assert [(volume.name, volume.path) for volume in web.volumes] == [
        ("web-var-lib-web", "/var/lib/web")
    ]


def test_the_published_image_of_this_folder_is_built_from_it(analyzed: Analyzed) -> None:
    text = "services: {web: {image: 'acme/shop:2'}, other: {image: 'acme/basket:2'}}"

    found = analyzed({"compose.yaml": text, "Dockerfile": "FROM example/base"}).services

    assert [(s.name, s.image, s.dockerfile_path) for s in found] == [
        ("web", None, "Dockerfile"),
        ("other", "acme/basket:2", None),
    ]


def test_what_compose_builds_below_is_not_found_again_at_the_root(analyzed: Analyzed) -> None:
    program = 'package main\nfunc main() { http.ListenAndServe(":80", nil) }\n'
    files = {"compose.yaml": "services: {api: {build: api}}", "api/main.go": program}

    assert [service.name for service in analyzed(files).services] == ["api"]


@pytest.mark.parametrize(
    "line",
    [
        "labels: [traefik.http.services.web.loadbalancer.server.port=8088]",
        "labels: {traefik.http.services.web.loadbalancer.server.port: 8088}",
        "environment: [VIRTUAL_PORT=8088]",
        "healthcheck: {test: 'curl -f http://localhost:8088/up || exit 1'}",
        "healthcheck: {test: [CMD, curl, 'http://127.0.0.1:8088']}",
    ],
)
def test_a_port_that_is_not_published_is_told_elsewhere(analyzed: Analyzed, line: str) -> None:
    text = f"services:\n  web:\n    image: example/web:1\n    {line}\n"

    web = analyzed({"compose.yaml": text}).services[0]

    assert (web.port, web.process) == (8088, "web")


@pytest.mark.parametrize(
    ("command", "process"),
    [
        ("php artisan queue:work --tries=3", "worker"),
        ("php artisan schedule:run", "worker"),
        ("php artisan serve", "web"),
    ],
)
def test_a_queue_of_the_same_image_listens_on_nothing(
    analyzed: Analyzed, command: str, process: str
) -> None:
    text = f"services: {{app: {{build: ., command: {command}}}}}"

    found = analyzed({"compose.yaml": text, "Dockerfile": "FROM php:8\nEXPOSE 80\n"})

    assert found.services[0].process == process


def test_a_root_whose_modules_are_published_one_by_one_is_no_service(analyzed: Analyzed) -> None:
    text = "services: {orders: {image: acme/shop-orders}, page: {build: page}}"
    modules = "<modules><module>shop-orders</module></modules>"
    pom = f"<project>{modules}<groupId>io.quarkus</groupId></project>"

    found = analyzed(
        {
            "compose.yaml": text,
            "page/Dockerfile": "FROM nginx\n",
            "pom.xml": pom,
            "shop-orders/pom.xml": pom,
        }
    )

    assert [service.name for service in found.services] == ["orders", "page"]


def test_what_a_container_mounts_whole_is_no_second_service(analyzed: Analyzed) -> None:
    text = "services: {php: {build: docker/php, volumes: ['.:/srv'], ports: [80]}}"
    files = {"compose.yaml": text, "docker/php/Dockerfile": "FROM php:8\n", "index.php": ""}

    assert [service.name for service in analyzed(files).services] == ["php"]


def test_a_build_of_what_compose_builds_one_by_one_is_no_service(analyzed: Analyzed) -> None:
    text = "services: {api: {build: api}}"
    module = "<project><groupId>io.quarkus</groupId></project>"
    pom = "<project><modules><module>api</module></modules></project>"

    found = analyzed(
        {
            "compose.yaml": text,
            "pom.xml": pom,
            "api/pom.xml": module,
            "api/Dockerfile": "FROM eclipse-temurin:21\n",
        }
    )

    assert [service.name for service in found.services] == ["api"]


@pytest.mark.parametrize("retries", ["²", "٣٣", "99999", "x"])
def test_retries_that_are_no_small_number_are_left_out(analyzed: Analyzed, retries: str) -> None:
    check = f"healthcheck: {{test: 'true', retries: '{retries}'}}"
    found = analyzed({"compose.yaml": f"services: {{web: {{image: a, {check}}}}}\n"})

    assert [s.health_command and s.health_command.retries for s in found.services] == [None]
