"""What a person's own Dockerfile says: the port by its images, the language by what runs."""

import pytest

from tests.detection.conftest import Analyzed


@pytest.mark.parametrize(
    ("lines", "port"),
    [
        ("FROM example/dotnet/aspnet:5.0", 80),
        ("FROM example/dotnet:2.1-aspnetcore-runtime", 80),
        ("FROM example/dotnet/aspnet:8.0", 8080),
        ("FROM example/dotnet/aspnet:10.0-alpine", 8080),
        ("FROM example/dotnet/aspnet:6.0\nENV ASPNETCORE_URLS=http://+:5000", 5000),
        ("FROM nginx:1", 80),
    ],
)
def test_an_image_that_serves_by_itself_tells_the_port(
    analyzed: Analyzed, lines: str, port: int
) -> None:
    assert analyzed({"Dockerfile": f"{lines}\n"}).services[0].port == port


STAGES = """FROM python:3.13 AS base
FROM node:22 AS assets
FROM base AS dev
CMD ["python", "serve.py"]
FROM nginx:1
COPY --from=assets /app /srv
"""


def test_the_stage_that_runs_tells_the_language(analyzed: Analyzed) -> None:
    compose = "services: {docs: {build: {context: ., target: dev}}}"

    docs = analyzed({"Dockerfile": STAGES, "compose.yaml": compose}).services[0]

    assert (docs.language, docs.service_type) == ("python", "python")


CART = {
    "compose.yaml": "services: {cart: {build: {context: ./, dockerfile: '${CART_FILE}'}}}",
    ".env": "CART_FILE=./src/cart/Dockerfile\n",
    "package.json": '{"devDependencies": {"prettier": "3"}}',
    "src/cart/Dockerfile": "FROM example/base\nCOPY src/cart/ ./\n",
}


def test_a_dockerfile_built_from_the_top_is_of_the_folder_it_lies_in(analyzed: Analyzed) -> None:
    known = analyzed(CART | {"src/cart/requirements.txt": "flask\n"}).services[0]

    assert (known.path, known.language, known.build_context) == ("src/cart", "python", ".")
    assert known.dockerfile_path == "src/cart/Dockerfile"


def test_a_folder_called_like_the_service_is_its_own(analyzed: Analyzed) -> None:
    unknown = analyzed(CART).services[0]

    assert (unknown.path, unknown.language, unknown.service_type) == ("src/cart", None, "docker")


WORKSPACE = {
    "package.json": '{"workspaces": ["apps/*"], "scripts": {"start": "turbo run start"}}',
    "apps/web/package.json": '{"dependencies": {"next": "16"}}',
}


@pytest.mark.parametrize(
    ("line", "context"),
    [
        ("COPY package.json apps/web/package.json ./", "."),
        ("COPY package.json .", "apps/web"),
        ("COPY --from=build /app/dist ./dist", "apps/web"),
        ("COPY missing.json .", "apps/web"),
    ],
)
def test_a_dockerfile_is_built_where_what_it_copies_is(
    analyzed: Analyzed, line: str, context: str
) -> None:
    files = WORKSPACE | {"apps/web/Dockerfile": f"FROM node:22 AS build\n{line}\n"}

    web = analyzed(files).services[0]

    assert (web.path, web.build_context) == ("apps/web", context)


def test_what_its_own_dockerfile_does_otherwise_is_no_warning(analyzed: Analyzed) -> None:
    files = {
        "requirements.txt": "flask\ncelery\n",
        "app.py": "from flask import Flask\napp = Flask(__name__)\n",
    }

    assert analyzed(files).warnings
    assert analyzed(files | {"Dockerfile": "FROM python:3\n"}).warnings == ()
