"""Each parser of somebody's file, given anything: an answer or a warning, never an exception."""

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detection import Analysis, OverrideError, analyze, parsing
from detection.dockerfile import parse_dockerfile
from detection.providers.python_files import read_module

# A file of each parser, and words that lead deep into it.
SEEDS = {
    "package.json": '{"scripts": {"start": "node a.js"}, "workspaces": ["*"], "engines": {"x": "',
    "pyproject.toml": '[project]\nrequires-python = ">=3"\n[project.scripts]\na = "b"\n[tool.uv',
    "requirements.txt": "flask[a]>=1 ; x\n-r requirements.txt\n-e .\n",
    "Pipfile": '[packages]\nflask = "*"\n[requires]\npython_version = "',
    "setup.py": "setup(install_requires=['flask>=1', ",
    "environment.yml": "dependencies: [python=3, {pip: [flask]}, ",
    "app.py": "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__': ",
    "go.mod": 'module "m"\ngo 1.2\ntoolchain go1.2\nrequire (\n a.b/c v1 // indirect\n',
    "main.go": 'package main\nfunc main() { http.ListenAndServe(":80',
    "Cargo.toml": '[package]\nname = "a"\n[workspace]\nmembers = ["*", "../x"]\n[[bin]]\npath = "',
    "pom.xml": "<project><modules><module>a</module></modules><properties><java.version>${a}",
    "build.gradle": "plugins { id 'org.springframework.boot' }\nsourceCompatibility = '",
    "settings.gradle": 'include ":a:b", "..',
    "application.yml": "server: {port: ${PORT:80",
    "Gemfile": "ruby '3'\ngem 'rails', path: '",
    "composer.json": '{"require": {"php": "^8 || ',
    "mix.exs": '{:phoenix, "~> 1"}\nelixir: "',
    "Shop.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"><TargetFramework>net',
    "compose.yaml": "x: &x {a: *x}\nservices:\n  a: {build: {context: ., target: ",
    "Dockerfile": "ARG A=$A\nFROM $A AS a\nEXPOSE ${A:-80}/tcp\nCMD [",
    "Procfile": "web: gunicorn -c x app:app\nworker : ",
    "fly.toml": "[[services]]\ninternal_port = 1\n[processes]\na = '",
    "render.yaml": "services: [{name: a, rootDir: b}, {name: ",
    "netlify.toml": "[build]\nbase = '",
    "railpack.json": '{"steps": {"build": {"commands": ["...", {"cmd": ',
    "k8s/a.yaml": "apiVersion: v1\nkind: Pod\nspec: {containers: [{env: [{name: ",
    "nginx.conf": "proxy_pass http://a:80",
    ".tool-versions": "nodejs lts\npython 3 # x\n",
    "mise.toml": "[tools]\nnode = {version = ",
    ".nvmrc": "lts/*",
    ".env.example": "export A='b\nPORT=",
    "hugo.toml": "baseURL = '",
    "Staticfile": "root: ",
    "angular.json": '{"projects": {"a": {"architect": {"build": {"options": {"outputPath": ',
    "pnpm-workspace.yaml": "packages: ['!a', '**', ",
    "package.json5": "{scripts: {start: 'node a.js', /* x */}, // y\n engines: {pnpm: '",
    "package.yaml": "scripts: {start: node a.js}\nworkspaces: [",
    "apps/a/project.json": '{"targets": {"build": {"executor": "@nx/webpack:webpack", "options": {',
    "skaffold.yaml": "build: {artifacts: [{image: a, context: ., docker: {dockerfile: ",
    "Tiltfile": "docker_build('a', '.', dockerfile='",
    "devfile.yaml": "components: [{container: {endpoints: [{targetPort: ",
    ".devcontainer.json": '{"forwardPorts": [80, ',
    "app.json": '{"addons": ["heroku-postgresql", {"plan": ',
    ".do/app.yaml": "services: [{name: a}]\ndatabases: [{engine: PG, version: ",
    "heroku.yml": "run: {web: a, b: {command: ",
    "app.yaml": "runtime: a\nentrypoint: ",
    "nixpacks.toml": "[phases.build]\ncmds = ['",
    "vercel.json": '{"buildCommand": "npm ci && make", "outputDirectory": "',
    "_config.yml": "theme: a\nplugins: [b, !c ",
    "mkdocs.yml": "site_name: a\ntheme: {name: !!python/name:a ",
    "META-INF/MANIFEST.MF": "Main-Class: a.B\nSpring-Boot-Version: ",
    "deno.json": '{"imports": {"$fresh/": "',
    ".streamlit/config.toml": "[server]\nport = ",
    ".flaskenv": "FLASK_RUN_PORT=",
    "config/puma.rb": "port ENV.fetch('PORT') { 3",
    "vite.config.ts": "export default { build: { lib: {}, outDir: '",
    "kyozo.toml": "[services.a]\nport = ",
}  # fmt: skip
# What has to be there for some files to be looked at.
BESIDE = {
    "apps/a/project.json": {"nx.json": "{}", "package.json": '{"dependencies": {"express": "5"}}'},
    "skaffold.yaml": {"a/Dockerfile": "FROM a\n"},
    "Tiltfile": {"a/Dockerfile": "FROM a\n"},
    "devfile.yaml": {"package.json": '{"scripts": {"start": "x"}, "dependencies": {"koa": "2"}}'},
    ".devcontainer.json": {"package.json": '{"scripts": {"start": "x"}}'},
    "_config.yml": {"index.md": "---\n---\n"},
    ".streamlit/config.toml": {"requirements.txt": "streamlit\n", "app.py": "import streamlit\n"},
    ".flaskenv": {"requirements.txt": "flask\n", "app.py": "from flask import Flask\n"},
    "config/puma.rb": {"Gemfile": "gem 'puma'\n", "config.ru": ""},
    "vite.config.ts": {"package.json": '{"devDependencies": {"vite": "7"}}'},
}
PIECES = st.sampled_from(
    ["{", "}", "[", "]", '"', "'", ":", "\n", "\t", "&a ", "*a", "<a>", "</a>", "${A", "#", "0x",
     "-1", "99999999999999999999", "²", "!!int ", "<<: ", "- ", "null", "true", "..", "/", "\\",
     "\x00", "\ufeff", "a" * 300]
)  # fmt: skip
TAILS = st.lists(PIECES | st.text(max_size=6), max_size=12).map("".join)
FEW = settings(
    max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
MANY = settings(max_examples=150, deadline=None, database=None)


@pytest.mark.parametrize("name", SEEDS)
@FEW
@given(cut=st.integers(0, 80), tail=TAILS)
def test_a_folder_with_any_such_file_gets_an_answer(name: str, cut: int, tail: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for beside, content in {name: "", **BESIDE.get(name, {})}.items():
            (root / beside).parent.mkdir(parents=True, exist_ok=True)
            (root / beside).write_text(content)
        text = (SEEDS[name][: len(SEEDS[name]) - cut] if cut % 3 else SEEDS[name]) + tail
        (root / name).write_text(text, encoding="utf-8", errors="replace")

        found = _analysis(root)

        assert 0 <= found.confidence <= 1
        assert all(service.port is None or 0 < service.port < 65536 for service in found.services)


def _analysis(root: Path) -> Analysis:
    """What a person's own settings say wrongly is the one thing that is refused."""
    try:
        return analyze(root)
    except OverrideError:
        (root / "kyozo.toml").unlink()
        return analyze(root)


@pytest.mark.parametrize(
    "parse",
    [parsing.parse_json5, parsing.parse_json, parsing.parse_toml, parsing.parse_yaml,
     parsing.parse_yaml_all, parsing.parse_xml],
)  # fmt: skip
@MANY
@given(text=TAILS | st.text(max_size=60))
def test_a_parser_fails_in_one_way_only(parse: object, text: str) -> None:
    assert callable(parse)
    with suppress(parsing.ParseError):
        parse(text)


@pytest.mark.parametrize(
    "value",
    ["!!int ''", "!!bool x", "!!timestamp x", "!!float x", "!!int [1]", "!!binary é", "!!set 1"],
)
def test_a_value_that_its_tag_does_not_fit_is_no_yaml(value: str) -> None:
    for parse in (parsing.parse_yaml, parsing.parse_yaml_all):
        with pytest.raises(parsing.ParseError):
            parse(f"a: {value}")


@MANY
@given(text=TAILS | st.text(max_size=60))
def test_readers_of_text_take_anything(text: str) -> None:
    assert isinstance(parsing.parse_env(text), dict)
    assert parse_dockerfile("Dockerfile", text).path == "Dockerfile"
    assert read_module(text).imports is not None
