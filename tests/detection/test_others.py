"""Java without a build, Spring's profiles, and languages that are only recognised."""

import pytest

from tests.detection.conftest import Analyzed

POM = (
    "<project><dependencies><dependency><groupId>org.springframework.boot</groupId>"
    "<artifactId>spring-boot-starter-web</artifactId></dependency></dependencies></project>"
)


def test_the_document_of_no_profile_tells_springs_port(analyzed: Analyzed) -> None:
    text = """spring: {config: {activate: {on-profile: dev}}}
server: {port: 1111}
---
server: {port: "${SERVER_PORT:${PORT:2222}}"}
"""
    files = {"pom.xml": POM, "src/main/resources/application.yml": text}

    found = analyzed(files)

    assert (found.services[0].port, found.warnings) == (2222, ())


def test_an_unpacked_archive_runs_its_main_class(analyzed: Analyzed) -> None:
    manifest = "Main-Class: org.acme.Launcher\nBuild-Jdk-Spec: 21\nSpring-Boot-Version: 3.3\n"

    shop = analyzed({"META-INF/MANIFEST.MF": manifest}).services[0]

    assert shop.start_command == "java -Dserver.port=$PORT $JAVA_OPTS -cp . org.acme.Launcher"
    assert (shop.language_version, shop.port) == ("21", 8080)


@pytest.mark.parametrize(
    ("files", "language", "framework", "version", "port"),
    [
        (
            {
                "Api.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web">'
                "<TargetFramework>net6.0</TargetFramework>",
                "Program.cs": 'UseUrls("http://*:5050"); var db = "Port=5432";',
            },
            "dotnet",
            "aspnetcore",
            "6.0",
            5050,
        ),
        (
            {
                "shop.runtimeconfig.json": '{"tfm": "net8.0", "name": "Microsoft.AspNetCore.App"}',
            },
            "dotnet",
            "aspnetcore",
            "8.0",
            8080,
        ),
        (
            {"deno.json": "{}", "import_map.json": '{"imports": {"$fresh/": "https://x/"}}'},
            "deno",
            "fresh",
            None,
            8000,
        ),
    ],
    ids=["aspnet", "published", "fresh"],
)
def test_what_is_only_recognised_is_named_in_full(
    analyzed: Analyzed,
    files: dict[str, str],
    language: str,
    framework: str,
    version: str | None,
    port: int,
) -> None:
    found = analyzed(files)

    known = found.services[0]
    assert (found.service_type, known.language, known.framework) == ("unknown", language, framework)
    assert (known.language_version, known.port) == (version, port)


def test_a_library_for_aspnet_is_no_service(analyzed: Analyzed) -> None:
    web = '<Project Sdk="Microsoft.NET.Sdk.Web">'
    reference = '<FrameworkReference Include="Microsoft.AspNetCore.App" />'
    library = f'<Project Sdk="Microsoft.NET.Sdk">{reference}'

    found = analyzed(
        {"A.sln": "", "src/Api/Api.csproj": web, "src/Defaults/Defaults.csproj": library}
    )

    assert [service.path for service in found.services] == ["src/Api"]
