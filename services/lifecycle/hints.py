"""What an app's last lines mean, and what to do next: one table, the first match counts."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hint:
    """`text` is filled with what the parentheses of `pattern` caught."""

    pattern: re.Pattern[str]
    text: str


# How Python, Node, Ruby, their libraries and people themselves say that a variable is not set.
MISSING_VARIABLE = tuple(
    re.compile(pattern)
    for pattern in (
        r"KeyError: ['\"]([A-Z][A-Z0-9_]+)['\"]",
        r"key not found: \"([A-Z][A-Z0-9_]+)\"",
        r"[Ss]et the ([A-Z][A-Z0-9_]+) environment variable",
        r"[Ee]nvironment variable not found: ([A-Z][A-Z0-9_]+)",
        r"\b([A-Z][A-Z0-9_]+) not found\. Declare it",
        r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b.{0,40}\b(?:is required|not set|missing|undefined)",
        r"(?:[Mm]issing|[Uu]nset|[Rr]equired)\b.{0,40}\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b",
    )
)


def _hint(pattern: str, text: str) -> Hint:
    return Hint(re.compile(pattern, re.IGNORECASE | re.MULTILINE), text)


NO_SUCH_HOST = (
    "a host that the app names is not known here: a service answers under its name, so set the"
    " address of what it needs with `kyozo env set`"
)
HINTS = (
    _hint(
        r"No module named '([\w.]{1,80})'",
        "the Python module {0} is missing: add its package to the project's requirements",
    ),
    _hint(
        r"ModuleNotFoundError", "a Python package is missing: add it to the project's requirements"
    ),
    _hint(
        r"Cannot find module",
        "a Node module or file is missing: add it to package.json dependencies",
    ),
    _hint(
        r"settings\.DATABASES is improperly configured",
        "Django has no database: set what settings.DATABASES is read from, usually DATABASE_URL",
    ),
    _hint(
        r"ImproperlyConfigured: (?:The )?(\w{1,80}) setting must not be empty",
        "Django's setting {0} is empty: set the variable that it is read from",
    ),
    _hint(
        r"DJANGO_SETTINGS_MODULE or call settings\.configure",
        "set the variable DJANGO_SETTINGS_MODULE to the project's settings",
    ),
    _hint(
        r"command not found", "the start command does not exist in the image; set it with --start"
    ),
    _hint(r"No such file or directory", "a file that the start command names is not in the image"),
    _hint(
        r"Permission denied",
        "the app runs as a non-root user; write to /tmp or to a volume instead",
    ),
    _hint(r"Address already in use", "the app starts two servers on one port"),
    _hint(r"Read-only file system", "write to /tmp or to a volume instead"),
    _hint(
        r"no such table|UndefinedTable",
        "its database has no tables yet: let --start run what makes them first, as in"
        " `flask db upgrade && ...`",
    ),
    _hint(
        r"unable to open database file", "SQLite needs a folder it may write to: a volume, or /tmp"
    ),
    _hint(
        r"could not translate host name|name or service not known"
        r"|temporary failure in name resolution|ENOTFOUND",
        NO_SUCH_HOST,
    ),
    _hint(
        r"No application encryption key", "Laravel needs a key: set APP_KEY with `kyozo env set`"
    ),
    _hint(
        r"^(?=.*refused).*?(?:127\.0\.0\.1|localhost|::1)\W{0,4}(?:port )?(\d{2,5})(?!\.?\d)",
        "nothing listens on port {0} in the app's own container, and that is what 127.0.0.1 is"
        " there: give the name of the service that it needs",
    ),
    _hint(
        r"connection refused|ECONNREFUSED",
        "a service it needs did not answer; is it deployed and healthy?",
    ),
)


def missing_variable(lines: list[str]) -> str | None:
    """The environment variable that the app says it cannot do without."""
    for line in reversed(lines):
        for pattern in MISSING_VARIABLE:
            if found := pattern.search(line):
                return found[1]
    return None


def next_step(lines: list[str]) -> str:
    """Empty when the lines say nothing that is known."""
    text = "\n".join(lines)
    for hint in HINTS:
        if found := hint.pattern.search(text):
            return hint.text.format(*found.groups())
    return ""
