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
