"""Compiled programs: started under the name that people wrote, and the ones beside the first."""

import pytest

from detection import render_dockerfile
from tests.detection.conftest import Analyzed

SERVER = 'package main\nfunc main() { http.ListenAndServe(":{}", nil) }\n'
LOOP = "package main\nfunc main() { for {} }\n"
GO = {
    "go.mod": "module example.org/ledger\ngo 1.23\n",
    "cmd/api/main.go": SERVER.replace("{}", "8090"),
    "cmd/admin/main.go": SERVER.replace("{}", "8091"),
    "cmd/mail-worker/main.go": LOOP,
    "cmd/migrate/main.go": LOOP,
}


def test_servers_and_workers_of_one_module_are_services_and_tools_are_not(
    analyzed: Analyzed,
) -> None:
    found = analyzed(GO)

    assert [(s.process, s.port) for s in found.services] == [
        ("web", 8090),
        ("web", 8091),
        ("worker", None),
    ]
    assert [(s.build_command or "").split("/")[-1] for s in found.services] == [
        "api",
        "admin",
        "mail-worker",
    ]
    assert "several programs: took cmd/api, not cmd/migrate" in found.warnings


@pytest.mark.parametrize(
    ("command", "program", "copied", "start"),
    [
        ("bin/admin -v", "cmd/admin", "bin/admin", '["bin/admin", "-v"]'),
        ("./api", "cmd/api", "api", '["./api"]'),
        ("ledger", "cmd/api", "/usr/local/bin/ledger", '["ledger"]'),
        ("go run ./cmd/admin", "cmd/admin", "/usr/local/bin/app", '["/usr/local/bin/app"]'),
        ("go run cmd/admin/main.go x", "cmd/admin", "/usr/local/bin/app", '"x"]'),
        ("go run cmd/admin/main.go cmd/admin/b.go", "cmd/admin", "/usr/local/bin/app", 'app"]'),
        ("go run -race ./cmd/admin -race", "cmd/admin", "/usr/local/bin/app", '"-race"]'),
        ("go run -ldflags '-s -w' ./cmd/admin", "cmd/admin", "/usr/local/bin/app", 'app"]'),
        ("go run -C cmd ./admin", "cmd/admin", "/usr/local/bin/app", 'app"]'),
        ("go run example.com/ledger/cmd/admin", "cmd/admin", "/usr/local/bin/app", 'app"]'),
    ],
)
def test_a_procfile_finds_the_program_where_it_looks_for_it(
    analyzed: Analyzed, command: str, program: str, copied: str, start: str
) -> None:
    web = analyzed({**GO, "Procfile": f"web: {command}\n"}).services[0]

    text = render_dockerfile(web).dockerfile
    assert f"-o /usr/local/bin/app ./{program}\n" in text
    assert f"COPY --from=build /usr/local/bin/app {copied}\n" in text
    assert start in text.splitlines()[-1]


CARGO = {
    "Cargo.toml": '[package]\nname = "shop"\n[dependencies]\naxum = "0.8"\n',
    "Cargo.lock": "",
    "src/main.rs": "fn main() { axum::serve() }",
    "src/bin/mailer.rs": "fn main() {}",
}


def test_a_procfile_names_a_binary_of_a_cargo_package(analyzed: Analyzed) -> None:
    lines = "web: ./target/release/shop\nworker: target/release/mailer\n"

    web, worker = analyzed({**CARGO, "Procfile": lines}).services

    assert "COPY --from=build /usr/local/bin/app target/release/shop" in (
        render_dockerfile(web).dockerfile
    )
    assert (worker.build_command or "").endswith("--bin mailer")
    assert "cp target/release/mailer /usr/local/bin/app" in render_dockerfile(worker).dockerfile


def test_a_worker_of_a_cargo_workspace_is_a_service_and_a_tool_is_not(analyzed: Analyzed) -> None:
    crate = '[package]\nname = "{}"\n'
    members = {
        f"{name}/Cargo.toml": crate.replace("{}", name) + extra
        for name, extra in (
            ("api", '[dependencies]\naxum = "0.8"\n'),
            ("worker", ""),
            ("tool", ""),
        )
    }
    sources = {f"{name}/src/main.rs": "fn main() {}" for name in ("api", "worker", "tool")}
    root = {"Cargo.toml": '[workspace]\nmembers = ["*"]\n', "Cargo.lock": ""}

    found = analyzed(root | members | sources).services

    assert [(s.name, s.process) for s in found] == [("api", "web"), ("worker", "worker")]
    assert all("--release --locked --package" in (s.build_command or "") for s in found)


def test_a_program_with_a_dockerfile_of_its_own_is_not_the_roots(analyzed: Analyzed) -> None:
    program = SERVER.replace("{}", "80")

    found = analyzed({"a/api/main.go": program, "a/api/Dockerfile": "FROM golang:1\n"})

    assert [service.path for service in found.services] == ["a/api"]


@pytest.mark.parametrize(
    "flags", ["-tags prod,sql", "-tags=prod,sql", "--tags 'prod,sql' -v", "-p 4 -tags prod,sql -a"]
)
def test_go_run_with_tags_is_compiled_with_them(analyzed: Analyzed, flags: str) -> None:
    web = analyzed({**GO, "Procfile": f"web: go run {flags} ./cmd/admin serve\n"}).services[0]

    assert (web.build_command or "").startswith("go build -tags=prod,sql ")
    assert (web.build_command or "").endswith(" ./cmd/admin")
    assert web.start_command == "/usr/local/bin/app serve"


@pytest.mark.parametrize(
    "command",
    [
        "go run",
        "go run -tags",
        "go run -tags 'a b; id' ../x",
        "go run ./cmd/admin;id",
        "go run -C /etc ./x",
        "go run somebody.else/program@latest",
        "go vet ./cmd/admin",
    ],
)
def test_what_go_run_cannot_mean_changes_no_build(analyzed: Analyzed, command: str) -> None:
    web = analyzed({**GO, "Procfile": f"web: {command}\n"}).services[0]

    assert (web.build_command or "").endswith("-o /usr/local/bin/app ./cmd/api")
    assert " id" not in (web.build_command or "")
