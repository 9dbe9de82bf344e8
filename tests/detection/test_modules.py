"""Several programs of one build, and of one workspace: applications are services, libraries not."""

import pytest

from detection import render_dockerfile
from tests.detection.conftest import Analyzed

MAIN = "public class App { public static void main(String[] a) {} }"
MODULE = """<project><artifactId>m</artifactId><dependencies><dependency>
<groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId>
</dependency></dependencies></project>"""
POM = """<project><artifactId>shop</artifactId><packaging>pom</packaging><modules>
<module>common</module><module>orders</module><module>users</module></modules>
<properties><java.version>17</java.version></properties></project>"""
MAVEN = {
    "pom.xml": POM,
    "common/pom.xml": "<project><artifactId>common</artifactId></project>",
    "orders/pom.xml": MODULE,
    "orders/src/main/java/App.java": MAIN,
    "users/pom.xml": MODULE,
    "users/src/main/java/App.java": MAIN,
}
BOOT = 'plugins { id "org.springframework.boot" version "3.4" }'
GRADLE = {
    "settings.gradle": 'include "shared", "web", "jobs"',
    "shared/build.gradle": "plugins { id 'java-library' }",
    "web/build.gradle": BOOT,
    "web/src/main/java/App.java": MAIN,
    "jobs/build.gradle": BOOT,
    "jobs/src/main/java/App.java": MAIN,
}
AXUM = '[package]\nname = "{}"\n[dependencies]\naxum = "0.8"\n'
CARGO = {
    "Cargo.toml": '[workspace]\nmembers = ["api", "jobs", "shared"]\n',
    "api/Cargo.toml": AXUM.format("api"),
    "api/src/main.rs": "fn main() { axum::serve() }",
    "jobs/Cargo.toml": AXUM.format("jobs"),
    "jobs/src/main.rs": "fn main() { axum::serve() }",
    "shared/Cargo.toml": '[package]\nname = "shared"\n',
    "shared/src/lib.rs": "",
}


@pytest.mark.parametrize(
    ("files", "names", "command"),
    [
        (MAVEN, ["orders", "users"], "--projects orders --also-make package"),
        (GRADLE, ["jobs", "web"], "gradle --no-daemon :jobs:bootJar"),
        (CARGO, ["api", "jobs"], "--package api --bin api"),
    ],
)
def test_each_program_of_a_build_is_a_service(
    analyzed: Analyzed, files: dict[str, str], names: list[str], command: str
) -> None:
    found = analyzed(files).services

    assert [service.name for service in found] == names
    assert {service.build_context for service in found} == {"."}
    assert command in render_dockerfile(found[0]).dockerfile


def test_one_program_of_a_build_is_the_root_s_answer(analyzed: Analyzed) -> None:
    one = {name: text for name, text in MAVEN.items() if not name.startswith("users/src")}

    assert [(s.path, s.language_version) for s in analyzed(one).services] == [(".", "17")]


def test_the_version_of_a_module_is_the_root_s(analyzed: Analyzed) -> None:
    assert {s.language_version for s in analyzed(MAVEN).services} == {"17"}


def test_a_workspace_s_start_of_everything_is_no_service(analyzed: Analyzed) -> None:
    app = '{"scripts": {"start": "node ."}, "dependencies": {"express": "5"}}'
    root = '{"workspaces": ["packages/*"], "scripts": {"start": "lerna run start --parallel"}}'
    files = {"package.json": root, "packages/a/package.json": app, "packages/b/package.json": app}

    assert [service.name for service in analyzed(files).services] == ["a", "b"]


def test_projects_of_a_solution_are_named_and_their_parts_are_not(analyzed: Analyzed) -> None:
    web = '<Project Sdk="Microsoft.NET.Sdk.Web"><TargetFramework>net8.0</TargetFramework></Project>'
    files = {
        "Shop.sln": "",
        "src/Shop.Api/Shop.Api.csproj": web,
        "src/Shop.Api/wwwroot/index.html": "",
        "src/Shop.Core/Shop.Core.csproj": '<Project Sdk="Microsoft.NET.Sdk" />',
    }

    found = analyzed(files)

    assert [(s.name, s.language, s.language_version, s.port) for s in found.services] == [
        ("shop-api", "dotnet", "8.0", 8080)
    ]
    assert (found.service_type, found.is_deployable) == ("unknown", False)


def test_a_site_below_an_application_of_another_language_is_its_part(analyzed: Analyzed) -> None:
    web = '<Project Sdk="Microsoft.NET.Sdk.Web"></Project>'

    found = analyzed({"Shop.csproj": web, "wwwroot/index.html": ""})

    assert (found.service_type, [s.path for s in found.services]) == ("unknown", ["."])


def test_the_program_that_listens_is_taken_of_several(analyzed: Analyzed) -> None:
    files = {
        "go.mod": "module example.com/shop\n",
        "cmd/aaa/main.go": "package main\nfunc main() {}\n",
        "cmd/zzz/main.go": 'package main\nimport "net/http"\nfunc main() { http.Serve() }\n',
    }

    found = analyzed(files)

    assert "./cmd/zzz" in (found.services[0].build_command or "")
    assert found.warnings == ("several programs: took cmd/zzz, not cmd/aaa",)


def test_a_start_command_does_not_make_an_unknown_language_deployable(analyzed: Analyzed) -> None:
    found = analyzed({"build.sbt": "", "Procfile": "web: target/universal/stage/bin/shop\n"})

    assert (found.service_type, found.is_deployable) == ("unknown", False)
