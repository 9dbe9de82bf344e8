"""Who asks whom, by the addresses in proxy settings: nginx, Caddy, rewrites."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from detection.index import FolderIndex
from detection.model import DetectedService

_NAMES = frozenset(
    [
        "nginx.conf",
        "default.conf",
        "Caddyfile",
        "haproxy.cfg",
        "vite.config.ts",
        "vite.config.js",
        "vite.config.mts",
        "vite.config.mjs",
        "vue.config.js",
        "next.config.js",
        "next.config.mjs",
        "next.config.ts",
        "nuxt.config.ts",
        "proxy.conf.json",
        "setupProxy.js",
        "package.json",
    ]
)
_FOLDERS = (".", "nginx", "conf", "config", "src", "conf.d", "templates", "docker", "proxy")
_ADDRESS = re.compile(
    r"""(?:proxy_pass|fastcgi_pass|uwsgi_pass|grpc_pass|reverse_proxy|(?<=\s)server
    |["']?target["']?\s*:|["']?destination["']?\s*:|["']?proxy["']?\s*:|:\s*(?=["']https?://))
    \s*["'`]?(?:https?://)?(?P<host>[A-Za-z][\w.-]*)(?::(?P<port>\d{2,5}))?""",
    re.VERBOSE,
)
_LOCAL = frozenset({"localhost", "host.docker.internal"})
_COMMENT = re.compile(r"^[ \t]*+(?:#|//).*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Address:
    """A host or, for this machine, a port that a file of the service names."""

    host: str
    port: int | None
    file: str

    @property
    def is_local(self) -> bool:
        return self.host in _LOCAL


def addresses(index: FolderIndex, service: DetectedService) -> Iterator[Address]:
    for file in _files(index, service):
        source = _COMMENT.sub("", index.source(file))
        for match in _ADDRESS.finditer(source):
            port = int(match["port"]) if match["port"] else None
            yield Address(match["host"].lower(), port, file)


def _files(index: FolderIndex, service: DetectedService) -> Iterator[str]:
    """Settings in the service's own folder, and those that are mounted into it."""
    if not service.image:
        prefix = "" if service.path == "." else f"{service.path}/"
        for folder in _FOLDERS:
            where = service.path if folder == "." else prefix + folder
            for name in index.directory(where).files:
                if name in _NAMES or name.endswith((".conf", ".conf.template")):
                    yield name if where == "." else f"{where}/{name}"
    for mounted in service.files:
        if index.has(mounted.source):
            yield mounted.source
        yield from (f"{mounted.source}/{name}" for name in index.directory(mounted.source).files)
