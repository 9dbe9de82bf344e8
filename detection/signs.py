"""What source text gives away in any language: ports, health routes, environment variables."""

import re
from dataclasses import dataclass

from detection import values
from detection.finding import Notes
from detection.model import EnvironmentVariable
from detection.parsing import parse_env
from detection.place import Place

_DOTENV = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", ".env")
_SECRET = re.compile(r"(?i)(secret|token|passw|api_?key|private)")
_HEALTH = re.compile(
    r"""["'`](/(?:api/|v1/|api/v1/)?(?:healthz?|health[-_]?check|livez|readyz|readiness|liveness|_health|ping))/?["'`]"""
)
_ENV_READS = (
    # (pattern, the read fails without the variable)
    (re.compile(r"""os\.environ\[\s*["'](\w+)["']\s*\]"""), True),
    (re.compile(r"""os\.environ\.get\(\s*["'](\w+)["']\s*(?:,\s*["']([^"'\n]*)["'])?"""), False),
    (re.compile(r"""os\.getenv\(\s*["'](\w+)["']\s*(?:,\s*["']([^"'\n]*)["'])?"""), False),
    (
        # django-environ and python-decouple
        re.compile(r"""\b(?:env|config)(?:\.\w+)?\(\s*["']([A-Z]\w*)["'](?:,\s*cast=\w+)?\s*\)"""),
        True,
    ),
    (
        re.compile(r"""process\.env\.([A-Z_]\w*)(?:\s*(?:\|\||\?\?)\s*["'`]([^"'`\n]*)["'`])?"""),
        False,
    ),
    (re.compile(r"""os\.Getenv\(\s*"(\w+)"\s*\)"""), False),
    (re.compile(r"""ENV\.fetch\(\s*["'](\w+)["']\s*\)(?!\s*\{)"""), True),
    (
        re.compile(r"""ENV\.fetch\(\s*["'](\w+)["']\s*(?:,|\)\s*\{)\s*["']?([^"'\n)}]*)"""),
        False,
    ),
    (re.compile(r"""ENV\[\s*["'](\w+)["']\s*\]"""), False),
    (re.compile(r"""System\.getenv\(\s*"(\w+)"\s*\)"""), False),
    (re.compile(r"""(?:env::var|getenv)\(\s*["'](\w+)["']\s*\)"""), False),
)
# Set by the platform or the shell, so nobody has to.
_AMBIENT = frozenset(
    ["PORT", "HOST", "HOME", "PATH", "PWD", "USER", "LANG", "NODE_ENV", "TZ", "HOSTNAME", "TMPDIR"]
)

_ENV_OR_DEFAULT = (
    re.compile(r"""["'](?:\w+_)?PORT["']\s*,\s*(?:default\s*=\s*)?["']?:?(\d{2,5})["']?"""),
    re.compile(r"""\bPORT["']?\]?\)?\s*(?:\|\||\?\?|\bor\b)\s*["'`]?:?(\d{2,5})"""),
    re.compile(r"""["']PORT["']\s*+(?:\)\s*+)?\{\s*+["']?(\d{2,5})"""),
    re.compile(r"""\$\{?PORT:[-=]?(\d{2,5})"""),
    re.compile(r"""unwrap_or(?:_else)?\([^)\n]{0,200}?(\d{4,5})"""),
)
_LITERAL = (
    re.compile(r"""\.listen\(\s*(\d{2,5})\b"""),
    re.compile(r"""(?<!\w)port\s*[:=]\s*(\d{2,5})\b"""),
    re.compile(r"""(?i)\bport\s*:?=\s*["']?:?(\d{2,5})\b"""),
    re.compile(
        r"""(?:ListenAndServe(?:TLS)?|\.Run|\.Listen|\.Start|Addr:?)\s*+(?:\(\s*+)?["'`][\w.]*+:(\d{2,5})["'`]"""
    ),
    re.compile(r"""["'`](?:0\.0\.0\.0|127\.0\.0\.1|\[::\]):(\d{2,5})["'`]"""),
    re.compile(r"""(?:0,\s*0,\s*0,\s*0|127,\s*0,\s*0,\s*1)\]?\s*,\s*(\d{2,5})"""),
    re.compile(r"""set\s+:port,\s*(\d{2,5})"""),
    re.compile(r"""["']0\.0\.0\.0["']\s*,\s*(\d{2,5})\b"""),
    re.compile(r"""(?:^|\W)port\(\s*(\d{2,5})\s*\)"""),
)
# An application that names one of these is somebody's client there.
_OF_DATABASES = frozenset({1433, 3306, 5432, 5672, 6379, 7687, 9042, 9092, 11211, 27017})
_FLAG = re.compile(
    r"(?:--port[= ]|--listen[= ]\S*:|-p[= ]?|--bind[= ]\S*:|-b[= ]\S*:|PORT=)(\d{2,5})\b"
)


_GUNICORN_BIND = re.compile(
    r"""^bind[ \t]*+=[ \t]*+(?:\[\s*+)?["'][^"'\n]*:(\d{2,5})["']""", re.MULTILINE
)
_GUNICORN_CONFIG = re.compile(
    r"\bgunicorn\b(?:(?!\bgunicorn\b).)*?(?:\s-c|\s--config)[= ](?:file:)?(\S+)"
)


@dataclass(frozen=True, slots=True)
class Port:
    number: int
    line: int
    is_fixed: bool
    """True where the code listens there whatever $PORT says."""


def port_in_code(source: str) -> Port | None:
    """The port a file listens on: its default beside $PORT first, else a literal."""
    for patterns, is_fixed in ((_ENV_OR_DEFAULT, False), (_LITERAL, "PORT" not in source)):
        for pattern in patterns:
            for match in pattern.finditer(source):
                number = values.number(match[1])
                if number and number not in _OF_DATABASES:
                    return Port(number, source.count("\n", 0, match.start(1)) + 1, is_fixed)
    return None


def port_in_command(command: str | None) -> int | None:
    match = _FLAG.search(command or "")
    return values.number(match[1]) if match else None


def port_in_gunicorn_config(place: Place, command: str) -> int | None:
    """The port that gunicorn's own configuration binds, which wins over $PORT."""
    if not re.search(r"\bgunicorn\b", command):
        return None
    named = _GUNICORN_CONFIG.search(command)
    match = _GUNICORN_BIND.search(place.source(named[1] if named else "gunicorn.conf.py"))
    return values.number(match[1]) if match else None


def port_in_dotenv(notes: Notes) -> int | None:
    """PORT of a committed .env or its example."""
    for file in _DOTENV:
        if notes.place.has(file):
            found = values.number(parse_env(notes.place.source(file)).get("PORT"))
            if found:
                notes.saw("port-in-env-file", file, f"PORT={found}")
                return found
    return None


def health_in_code(notes: Notes, files: list[str]) -> str | None:
    for file in files:
        source = notes.place.source(file)
        match = _HEALTH.search(source)
        if match:
            line = source.count("\n", 0, match.start()) + 1
            notes.saw("health-route", file, f"route {match[1]}", line=line)
            return match[1]
    return None


def environment(notes: Notes, files: list[str]) -> tuple[EnvironmentVariable, ...]:
    """Variables the code reads and the example file lists; values of secrets are never repeated."""
    found: dict[str, EnvironmentVariable] = {}
    for file in _DOTENV[:-1]:
        for name, value in parse_env(notes.place.source(file)).items():
            default = None if _SECRET.search(name) else value or None
            listed = EnvironmentVariable(name, default=default, evidence=notes.place.full(file))
            found.setdefault(name, listed)
    for file in files:
        for variable in _reads(notes.place.source(file), notes.place.full(file)):
            known = found.get(variable.name)
            if known is None or (variable.required and not known.required):
                found[variable.name] = variable
    return tuple(found[name] for name in sorted(found) if name not in _AMBIENT)


def _reads(source: str, file: str) -> list[EnvironmentVariable]:
    found: list[EnvironmentVariable] = []
    for pattern, is_required in _ENV_READS:
        for match in pattern.finditer(source):
            default = match[2] if pattern.groups > 1 else None
            hidden = None if _SECRET.search(match[1]) else default
            line = source.count("\n", 0, match.start()) + 1
            found.append(EnvironmentVariable(match[1], is_required, hidden, f"{file}:{line}"))
    return found
