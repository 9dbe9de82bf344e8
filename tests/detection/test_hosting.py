"""What files for other hosting platforms say is taken over as evidence."""

import pytest

from tests.detection.conftest import Analyzed

FLASK = {
    "requirements.txt": "flask\ngunicorn\n",
    "app.py": "from flask import Flask\napp = Flask(__name__)\n",
}
VITE = {"package.json": '{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}'}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("railway.json", '{"deploy": {"startCommand": "serve", "healthcheckPath": "/ok"}}'),
        ("railway.toml", '[deploy]\nstartCommand = "serve"\nhealthcheckPath = "/ok"\n'),
        ("app.yaml", "runtime: python312\nentrypoint: serve\nreadiness_check: {path: /ok}\n"),
        ("render.yaml", "services: [{type: web, startCommand: serve, healthCheckPath: /ok}]\n"),
        (".do/app.yaml", "services: [{run_command: serve, health_check: {http_path: /ok}}]\n"),
    ],
)
def test_start_and_health_are_taken_over(analyzed: Analyzed, file: str, text: str) -> None:
    service = analyzed({**FLASK, file: text}).services[0]

    assert (service.start_command, service.health_endpoint) == ("serve", "/ok")
    assert (service.evidence[0].rule, service.evidence[0].file) == ("hosting-file", file)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("nixpacks.toml", '[start]\ncmd = "serve"\n'),
        ("railpack.json", '{"deploy": {"startCommand": "serve"}}'),
        ("heroku.yml", "run: {web: serve}\n"),
        ("fly.toml", '[processes]\napp = "serve"\n'),
    ],
)
def test_a_start_command_is_taken_over(analyzed: Analyzed, file: str, text: str) -> None:
    assert analyzed({**FLASK, file: text}).services[0].start_command == "serve"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("netlify.toml", '[build]\ncommand = "make"\npublish = "out/"\n'),
        ("vercel.json", '{"buildCommand": "make", "outputDirectory": "out"}'),
        (".do/app.yaml", "static_sites: [{build_command: make, output_dir: /out}]\n"),
    ],
)
def test_a_site_is_built_and_published_as_it_says(analyzed: Analyzed, file: str, text: str) -> None:
    site = analyzed({**VITE, file: text}).services[0]

    assert (site.service_type, site.build_command, site.output_directory) == (
        "static",
        "make",
        "out",
    )


def test_the_internal_port_is_where_the_application_listens(analyzed: Analyzed) -> None:
    service = analyzed({**FLASK, "fly.toml": "[http_service]\ninternal_port = 9001\n"}).services[0]

    assert service.port == 9001


def test_processes_become_services_of_one_image(analyzed: Analyzed) -> None:
    text = '[processes]\nweb = "serve"\njobs = "work"\n[deploy]\nrelease_command = "migrate"\n'

    found = analyzed({**FLASK, "fly.toml": text}).services

    assert [(s.process, s.start_command) for s in found] == [
        ("web", "serve"),
        ("jobs", "work"),
        ("release", "migrate"),
    ]


def test_a_list_of_services_with_folders_is_the_list_of_services(analyzed: Analyzed) -> None:
    text = """services:
      - {type: web, name: shop, rootDir: api}
      - {type: worker, name: mailer, rootDir: api, startCommand: python mail.py}
      - {type: web, name: pages, rootDir: web}
      - {type: redis, name: cache}
    """
    files = {f"api/{name}": text for name, text in FLASK.items()} | {"render.yaml": text}

    found = analyzed(files | {"web/package.json": VITE["package.json"]}).services

    assert [(s.name, s.path, s.process, s.service_type) for s in found] == [
        ("shop", "api", "web", "python"),
        ("mailer", "api", "worker", "python"),
        ("pages", "web", "web", "static"),
    ]


def test_an_own_dockerfile_is_built_and_started_as_it_says(analyzed: Analyzed) -> None:
    files = {
        **FLASK,
        "Dockerfile": "FROM python\nCMD mine\n",
        "railway.toml": "deploy.startCommand='x'",
    }

    assert analyzed(files).services[0].start_command == "mine"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("app.yaml", "entrypoint: serve\n"),  # nobody's without a runtime
        ("railway.json", "[1]"),
        ("render.yaml", "services: {a: b}\n"),
        ("fly.toml", "http_service = 3\nservices = ['x']\n"),
        ("netlify.toml", "[build]\nbase = '../..'\npublish = '../..'\n"),
        ("railway.toml", "deploy.healthcheckPath = 'up now'\n"),
        ("railway.toml", "deploy.healthcheckPath = '//up'\n"),
    ],
)
def test_what_makes_no_sense_changes_nothing(analyzed: Analyzed, file: str, text: str) -> None:
    plain = analyzed(FLASK).services

    assert analyzed({**FLASK, file: text}).services == plain


def test_steps_that_only_install_are_left_to_the_image(analyzed: Analyzed) -> None:
    text = "services: [{type: web, buildCommand: 'npm ci && npm run build', staticPublishPath: d}]"
    installs = "services: [{type: web, buildCommand: pip install -r requirements.txt}]\n"

    assert analyzed({**VITE, "render.yaml": text}).services[0].build_command == "npm run build"
    assert analyzed({**FLASK, "render.yaml": installs}).services[0].build_command is None


RENDER = """databases: [{name: main, postgresMajorVersion: '16'}]
services: [{type: keyvalue, name: cache}]
"""


@pytest.mark.parametrize(
    ("file", "text", "databases"),
    [
        (
            "render.yaml",
            RENDER,
            [("postgresql", "main", "16"), ("redis", "cache", None)],
        ),
        (
            ".do/deploy.template.yaml",
            "spec: {databases: [{engine: MYSQL, name: db, version: '8'}]}\n",
            [("mysql", "db", "8")],
        ),
        (
            "app.json",
            '{"addons": ["heroku-postgresql:mini", {"plan": "heroku-redis"}, "papertrail"]}',
            [("postgresql", "postgresql", None), ("redis", "redis", None)],
        ),
    ],
)
def test_databases_that_are_asked_for_are_proposed(
    analyzed: Analyzed, file: str, text: str, databases: list[tuple[str, str, str | None]]
) -> None:
    found = analyzed({**FLASK, file: text}).databases

    assert [(d.kind, d.name, d.version) for d in found] == databases
    assert not any(database.declared for database in found)


def test_a_servers_own_files_listed_as_a_site_are_no_second_service(analyzed: Analyzed) -> None:
    text = "services: [{name: web, run_command: serve}]\nstatic_sites: [{name: static}]\n"

    found = analyzed({**FLASK, ".do/app.yaml": text}).services

    assert [service.start_command for service in found] == ["serve"]


def test_commands_that_need_files_of_nixpacks_are_not_taken_over(analyzed: Analyzed) -> None:
    text = '[phases.build]\ncmds = ["cp /assets/x /etc"]\n[start]\ncmd = "/assets/start.sh"\n'

    plain = analyzed(FLASK).services

    assert analyzed({**FLASK, "nixpacks.toml": text}).services == plain


SKAFFOLD = """build:
  artifacts:
    - {image: example.org/front, context: front, docker: {dockerfile: Dockerfile.release}}
    - {image: cart, context: src/cart/src}
---
build: {artifacts: [{image: load, context: load}]}
"""
TILT = (
    "docker_build('example.org/front', 'front', dockerfile='front/Dockerfile.release')\n"
    "docker_build('cart', './src/cart/src')\ndocker_build('load', 'load')\n"
)


@pytest.mark.parametrize(("file", "text"), [("skaffold.yaml", SKAFFOLD), ("Tiltfile", TILT)])
def test_images_that_are_built_for_a_cluster_are_the_services(
    analyzed: Analyzed, file: str, text: str
) -> None:
    pod = "{{apiVersion: v1, kind: Pod, metadata: {{name: {}}}, spec: {{containers: [{}]}}}}"
    found = analyzed(
        {
            file: text,
            "front/Dockerfile.release": "FROM golang:1\nEXPOSE 8080\n",
            "src/cart/cart.sln": "",
            "src/cart/src/Dockerfile": "FROM python:3\n",
            "load/Dockerfile": "FROM python:3\nCMD gunicorn x\n",
            "k8s/a.yaml": pod.format("cart", "{image: cart, ports: [{containerPort: 7070}]}"),
            "k8s/b.yaml": pod.format("load", "{image: load}"),
        }
    )

    assert [(s.name, s.dockerfile_path, s.port, s.process) for s in found.services] == [
        ("front", "front/Dockerfile.release", 8080, "web"),
        ("cart", "src/cart/src/Dockerfile", 7070, "web"),
        ("load", "load/Dockerfile", None, "worker"),
    ]
