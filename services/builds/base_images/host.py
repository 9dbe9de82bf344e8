"""What of this machine's configuration a build needs to reach registries as the machine does."""

import configparser
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from services.builds.base_images.certificates import extra_certificates

PIP_FILES = ("etc/pip.conf", "{home}/.pip/pip.conf", "{home}/.config/pip/pip.conf")
NPM_FILES = ("usr/etc/npmrc", "usr/local/etc/npmrc", "etc/npmrc", "{home}/.npmrc")
PIP_KEYS = ("index-url", "extra-index-url", "trusted-host")


@dataclass(frozen=True, slots=True)
class HostSettings:
    """Files for the image by path, and settings left out because they carry a password."""

    files: Mapping[str, str]
    left_out: tuple[str, ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr(sorted(self.files.items())).encode()).hexdigest()


def host_settings(environ: Mapping[str, str], *, root: Path = Path("/")) -> HostSettings:
    pip = _pip_settings(environ, root)
    npm = _npm_settings(environ, root)
    files = {
        f"usr/local/share/ca-certificates/host-{mark[:16]}.crt": pem
        for mark, pem in extra_certificates(environ, root=root).items()
    }
    kept_pip = {key: _public(value) for key, value in pip.items()}
    kept_npm = {key: _public(value) for key, value in npm.items()}
    files |= _pip_files({key: value for key, value in kept_pip.items() if value})
    if lines := [f"{key}={value}\n" for key, value in kept_npm.items() if value]:
        files["usr/local/etc/npmrc"] = "".join(lines)
    secret = [f"pip {key}" for key, value in pip.items() if _is_secret(value)]
    secret += [f"npm {key}" for key, value in npm.items() if _is_secret(value)]
    return HostSettings(files, tuple(secret))


def _pip_files(settings: Mapping[str, str]) -> dict[str, str]:
    """pip reads pip.conf; uv has a file of its own."""
    if not settings:
        return {}
    pip = "".join(f"{key} = {value}\n" for key, value in settings.items())
    files = {"etc/pip.conf": f"[global]\n{pip}"}
    uv = [f'index-url = "{settings["index-url"]}"\n'] if "index-url" in settings else []
    if extra := settings.get("extra-index-url", "").split():
        uv.append(f"extra-index-url = {json.dumps(extra)}\n")
    if uv:
        files["etc/uv/uv.toml"] = "".join(uv)
    return files


def _pip_settings(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Later files win over earlier ones and the environment over all, as in pip itself."""
    settings: dict[str, str] = {}
    named = [Path(environ["PIP_CONFIG_FILE"])] if environ.get("PIP_CONFIG_FILE") else []
    for path in [*_places(PIP_FILES, environ, root), *named]:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for key in PIP_KEYS:
            if parser.has_option("global", key):
                settings[key] = " ".join(parser.get("global", key).split())
    for key in PIP_KEYS:
        name = "PIP_" + key.upper().replace("-", "_")
        if environ.get(name):
            settings[key] = environ[name]
    return settings


def _npm_settings(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    settings: dict[str, str] = {}
    for path in _places(NPM_FILES, environ, root):
        for line in _lines(path):
            key, _, value = line.partition("=")
            if key.strip() == "registry" or key.strip().endswith(":registry"):
                settings[key.strip()] = value.strip().strip('"')
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        if environ.get(name):
            settings["registry"] = environ[name]
    return settings


def _places(patterns: tuple[str, ...], environ: Mapping[str, str], root: Path) -> Iterator[Path]:
    home = environ.get("HOME", "").lstrip("/")
    for pattern in patterns:
        if home or "{home}" not in pattern:
            yield root / pattern.format(home=home)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _public(value: str) -> str:
    """The addresses a build can use too: over the network, and without a password in them."""
    return " ".join(word for word in value.split() if not _is_secret(word) and _is_remote(word))


def _is_remote(word: str) -> bool:
    return "://" not in word or word.startswith(("http://", "https://"))


def _is_secret(value: str) -> bool:
    return any("@" in urlsplit(word).netloc for word in value.split())
