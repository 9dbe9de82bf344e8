"""Minimal applications, one for each language and package manager that detection knows.

Without lock files: those hold a registry's answers of some day. `tool` is the base image that a
person would write who never heard of stages, `install` the lines below it, `start` the last one.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.repository import ROOT

EXAMPLES = ROOT / "examples"
HELLO = "hello from the sample"
PORT = 8000
FLASK = f'''import os

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    return "{HELLO}"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", "{PORT}")))
'''
EXPRESS = f'''const app = require("express")()
app.get("/", (_, answer) => answer.send("{HELLO}"))
app.listen(process.env.PORT || {PORT}, "0.0.0.0")
'''
BUN = f'''const port = Number(process.env.PORT || {PORT})
Bun.serve({{ port, hostname: "0.0.0.0", fetch: () => new Response("{HELLO}") }})
'''
JAVA = f'''package sample;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Main {{
    public static void main(String[] arguments) throws Exception {{
        String port = System.getenv().getOrDefault("PORT", "{PORT}");
        HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(port)), 0);
        server.createContext("/", exchange -> {{
            byte[] body = "{HELLO}".getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }});
        server.start();
    }}
}}
'''
GRADLE = """plugins { id 'java' }

jar { manifest { attributes 'Main-Class': 'sample.Main' } }
"""
PYPROJECT = """[project]
name = "sample"
version = "1"
requires-python = ">=3.9"
dependencies = ["flask>=3,<4", "gunicorn>=22"]
"""
CONDA = """name: sample
dependencies:
  - python=3.11
  - flask=3
  - gunicorn
"""
PIPFILE = """[packages]
flask = ">=3,<4"
gunicorn = ">=22"
"""
GUNICORN = f"gunicorn --bind 0.0.0.0:${{PORT:-{PORT}}} app:app"
Files = dict[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """`says` is in the answer of `/`. Without a `tool` there is no naive way to compare with."""

    name: str
    files: Files = field(repr=False)
    tool: str = ""
    install: tuple[str, ...] = ()
    start: str = ""
    says: str = HELLO

    @property
    def naive(self) -> str:
        """A Dockerfile of one stage, {base} for the base image."""
        lines = ["FROM {base}", "WORKDIR /app", "COPY . ."]
        lines += [f"RUN {command}" for command in self.install]
        port = [f"ENV PORT={PORT}"] if self.tool != "static" else []
        start = [f"CMD {json.dumps(['/bin/sh', '-c', self.start])}"] if self.start else []
        return "\n".join([*lines, *port, *start, ""])


def example(name: str) -> Files:
    """The files of an application in examples/."""
    folder = EXAMPLES / name
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def flask(name: str, files: Files, *install: str, start: str = GUNICORN) -> Sample:
    return Sample(name, {"app.py": FLASK, **files}, "python", install, start)


NODE_MANAGERS = {"npm": "10.9.0", "yarn": "1.22.22", "pnpm": "10.0.0"}


def node(manager: str, *install: str) -> Sample:
    package: dict[str, Any] = {
        "name": "sample",
        "version": "1.0.0",
        "packageManager": f"{manager}@{NODE_MANAGERS[manager]}",
        "scripts": {"start": "node server.js"},
        "dependencies": {"express": "^4.19.2"},
    }
    files = {"package.json": json.dumps(package, indent=2), "server.js": EXPRESS}
    return Sample(manager, files, "node", install, "node server.js")


def bun() -> Sample:
    package = {
        "name": "sample",
        "packageManager": "bun@1.1.0",
        "scripts": {"start": "bun index.ts"},
        "dependencies": {"hono": "^4"},
    }
    files = {"package.json": json.dumps(package, indent=2), "index.ts": BUN}
    install = ("npm install --global bun@1", "bun install")
    return Sample("bun", files, "node", install, "bun index.ts")


POETRY = ("pip install 'poetry<3'", "poetry config virtualenvs.create false && poetry install")
PDM = ("pip install 'pdm<2.24' 'hishel<1' 'unearth<0.18'", "pdm install --prod --no-self")
PIPENV = ("pip install pipenv", "pipenv install --skip-lock")
UV = ("pip install uv", "uv venv /opt/venv", "uv pip install --python /opt/venv -r pyproject.toml")
NO_PACKAGE = PYPROJECT + "\n[tool.poetry]\npackage-mode = false\n"
SINATRA = {"app.rb", "config.ru", "Gemfile"}
COMPOSER = json.dumps({"require": {"php": ">=8.1"}, "repositories": {"packagist": False}})
PHP = f'<?php\necho "{HELLO}";\n'
OWN = f"""FROM python:3.11-slim-bookworm
WORKDIR /app
COPY index.html .
EXPOSE {PORT}
CMD ["python", "-m", "http.server", "{PORT}"]
"""

SAMPLES = (
    flask(
        "pip",
        {"requirements.txt": "flask>=3,<4\ngunicorn>=22\n"},
        "pip install -r requirements.txt",
    ),
    flask("poetry", {"pyproject.toml": NO_PACKAGE, "poetry.toml": ""}, *POETRY),
    flask("uv", {"pyproject.toml": PYPROJECT}, *UV, start=f"/opt/venv/bin/{GUNICORN}"),
    flask("pipenv", {"Pipfile": PIPFILE}, *PIPENV, start=f"pipenv run {GUNICORN}"),
    flask(
        "pdm",
        {"pyproject.toml": PYPROJECT + "\n[tool.pdm]\ndistribution = false\n"},
        *PDM,
        start=f"pdm run {GUNICORN}",
    ),
    flask("conda", {"environment.yml": CONDA}, "pip install 'flask>=3,<4' gunicorn"),
    node("npm", "npm install"),
    node("yarn", "npm install --global yarn@1", "yarn install"),
    node("pnpm", "npm install --global pnpm@10.0.0", "pnpm install"),
    bun(),
    Sample(
        "go",
        example("go-stdlib"),
        "go",
        ("go build -o /usr/local/bin/sample .",),
        "sample",
        says="Hello from Go's standard library",
    ),
    Sample(
        "cargo",
        example("rust-std"),
        "rust",
        ("cargo build --release",),
        "$(find target/release -maxdepth 1 -type f -executable)",
        says="Hello from Rust's standard library",
    ),
    Sample(
        "maven",
        example("java-maven-offline"),
        "maven",
        ("mvn --batch-mode package",),
        "java -jar target/*.jar",
        says="Hello from Java",
    ),
    Sample(
        "gradle",
        {"build.gradle": GRADLE, "src/main/java/sample/Main.java": JAVA},
        "gradle",
        ("gradle --no-daemon --offline build",),
        "java -jar build/libs/*.jar",
    ),
    Sample(
        "bundler",
        example("ruby-sinatra"),
        "ruby",
        ("bundle install",),
        "bundle exec puma --bind tcp://0.0.0.0:$PORT",
        says="Hello from Sinatra",
    ),
    Sample(
        "composer",
        {"composer.json": COMPOSER, "index.php": PHP},
        "php",
        ("composer install --no-interaction",),
        "php -S 0.0.0.0:$PORT",
    ),
    Sample(
        "static",
        {"index.html": f"<p>{HELLO}</p>\n"},
        "static",
        ("cp index.html /var/www/html/index.html || cp index.html /usr/share/nginx/html/",),
        "exec nginx -g 'daemon off;'",
    ),
    Sample(
        "vite, then static",
        example("vite-static"),
        "node",
        ("npm install && npm run build",),
        "npx vite preview --host 0.0.0.0 --port $PORT",
        says="Built by Vite",
    ),
    Sample("Dockerfile", {"Dockerfile": OWN, "index.html": f"<p>{HELLO}</p>\n"}),
)
