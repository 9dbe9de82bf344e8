"""Edges: from Kubernetes manifests, and from the addresses in proxy settings."""

import pytest

from detection import Analysis
from tests.detection.conftest import Analyzed

API = {
    "api/requirements.txt": "flask\n",
    "api/app.py": "from flask import Flask\napp = Flask(__name__)\n",
}
WEB = {"web/package.json": '{"scripts": {"start": "node ."}, "dependencies": {"express": "5"}}'}
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  template:
    spec:
      containers:
        - image: {image}
          ports: [{{containerPort: {port}}}]
          env:
            - {{name: API_ADDR, value: "api:7000"}}
            - {{name: CACHE, value: "redis://cache:6379"}}
            - {{name: KEY, valueFrom: {{secretKeyRef: {{name: k}}}}}}
---
"""
MANIFESTS = (
    DEPLOYMENT.format(name="web", image="example/web", port=3000)
    + DEPLOYMENT.format(name="api", image="example/api", port=7000)
    + DEPLOYMENT.format(name="cache", image="redis:7", port=6379)
)


def pairs(found: Analysis) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in found.edges}


def test_kubernetes_gives_ports_variables_databases_and_edges(analyzed: Analyzed) -> None:
    found = analyzed({**API, **WEB, "k8s/all.yaml": MANIFESTS})

    assert [(s.name, s.port) for s in found.services] == [("api", 7000), ("web", 3000)]
    assert [(d.name, d.kind, d.version) for d in found.databases] == [("cache", "redis", "7")]
    assert pairs(found) == {("web", "api"), ("web", "cache"), ("api", "cache")}
    assert ("KEY", True, None) in [
        (v.name, v.required, v.default) for v in found.services[0].environment
    ]


@pytest.mark.parametrize("text", ["kind: [", "{{ .Values }}\nkind: Deployment", "- 1\n---\n- 2"])
def test_manifests_that_are_none_are_passed_over(analyzed: Analyzed, text: str) -> None:
    plain = analyzed({**API, **WEB})

    assert analyzed({"k8s/all.yaml": f"apiVersion: v1\n{text}"}).services == plain.services


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("nginx.conf", "location /api { proxy_pass http://api:5000; }"),
        ("nginx/default.conf", "upstream x {\n  server api:5000;\n}"),
        ("Caddyfile", "reverse_proxy api:5000"),
        ("vite.config.ts", "proxy: { '/api': { target: 'http://localhost:5000' } }"),
        ("vite.config.ts", "proxy: { '/api': 'http://localhost:5000' }"),
        ("next.config.js", "rewrites: [{ destination: 'http://api:5000/:path*' }]"),
        ("src/setupProxy.js", "createProxyMiddleware({ target: 'http://api' })"),
    ],
)
def test_a_proxy_names_whom_it_asks(analyzed: Analyzed, file: str, text: str) -> None:
    found = analyzed({**API, **WEB, f"web/{file}": text})

    assert pairs(found) == {("web", "api")}
    assert found.edges[0].evidence[0].file == f"web/{file}"


@pytest.mark.parametrize(
    "text", ["# proxy_pass http://api:5000;", "proxy_pass http://elsewhere:5000;", "api:5000"]
)
def test_comments_and_strangers_make_no_edge(analyzed: Analyzed, text: str) -> None:
    assert pairs(analyzed({**API, **WEB, "web/nginx.conf": text})) == set()


@pytest.mark.parametrize(
    ("variable", "edges"),
    [
        ("process.env.USERS_URL", [("shop", "users")]),
        ("process.env.USERS_SERVICE_ADDR", [("shop", "users")]),
        ("process.env.VITE_USERS_API_URL || 'http://localhost:5000'", [("shop", "users")]),
        ("process.env.USERS_URL || 'https://example.org'", []),
        ("process.env.USERS", []),
    ],
)
def test_a_variable_named_after_a_service_is_about_it(
    analyzed: Analyzed, variable: str, edges: list[tuple[str, str]]
) -> None:
    found = analyzed(
        {
            "shop/package.json": '{"dependencies": {"express": "5"}, "main": "a.js"}',
            "shop/a.js": f"const users = {variable};\nlisten(3000)\n",
            "users/package.json": '{"dependencies": {"koa": "2"}, "main": "a.js"}',
            "users/a.js": "listen(5000)\n",
        }
    )

    assert [(edge.source, edge.target) for edge in found.edges] == edges
