"""Who may come in where: how images of databases are told of their first user, by kind."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    """A `password` of None is there, but not known here: it lies in a file."""

    user: str = ""
    password: str | None = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class _Names:
    """Variables of one kind, the first that is set counts. `open_by` are variables by which it
    starts without a password; `needed` says that it does not start without one of the two."""

    user: tuple[str, ...] = ()
    password: tuple[str, ...] = ()
    database: tuple[str, ...] = ()
    usual: Login = Login()
    needed: bool = False
    open_by: tuple[str, ...] = ()


_MYSQL_OPEN = ("MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD")
_MARIADB_OPEN = (
    "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", "MARIADB_RANDOM_ROOT_PASSWORD", *_MYSQL_OPEN
)  # fmt: skip
_ROOT = Login(user="root")
_KINDS = {
    "postgresql": _Names(
        ("POSTGRES_USER",), ("POSTGRES_PASSWORD",), ("POSTGRES_DB",), Login(user="postgres"),
        needed=True, open_by=("POSTGRES_HOST_AUTH_METHOD",),
    ),
    "mysql": _Names(
        (), ("MYSQL_ROOT_PASSWORD",), ("MYSQL_DATABASE",), _ROOT,
        needed=True, open_by=_MYSQL_OPEN,
    ),
    "mariadb": _Names(
        (), ("MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"),
        ("MARIADB_DATABASE", "MYSQL_DATABASE"), _ROOT, needed=True, open_by=_MARIADB_OPEN,
    ),
    "sqlserver": _Names(
        (), ("MSSQL_SA_PASSWORD", "SA_PASSWORD"), (), Login(user="sa"), needed=True
    ),
    "mongodb": _Names(
        ("MONGO_INITDB_ROOT_USERNAME",), ("MONGO_INITDB_ROOT_PASSWORD",),
        ("MONGO_INITDB_DATABASE",),
    ),
    "rabbitmq": _Names(
        ("RABBITMQ_DEFAULT_USER",), ("RABBITMQ_DEFAULT_PASS",),
        usual=Login("guest", "guest"),
    ),
    "clickhouse": _Names(
        ("CLICKHOUSE_USER",), ("CLICKHOUSE_PASSWORD",), ("CLICKHOUSE_DB",), Login(user="default")
    ),
    "minio": _Names(
        ("MINIO_ROOT_USER",), ("MINIO_ROOT_PASSWORD",), usual=Login("minioadmin", "minioadmin")
    ),
}  # fmt: skip
# Some let a user in beside the one that rules over all; that one is for the application.
_ORDINARY = {
    "mysql": _Names(("MYSQL_USER",), ("MYSQL_PASSWORD",), needed=True),
    "mariadb": _Names(
        ("MARIADB_USER", "MYSQL_USER"), ("MARIADB_PASSWORD", "MYSQL_PASSWORD"), needed=True
    ),
}


def login(kind: str, environment: Mapping[str, str]) -> Login:
    """What an application says to a database that was started with this environment."""
    names = _KINDS.get(kind)
    if names is None:
        return Login()
    who = _who(kind, environment)
    user = _first(who.user, environment) or who.usual.user
    given = _first(who.password, environment)
    in_file = any(environment.get(f"{name}_FILE") for name in who.password)
    password = None if in_file and not given else given or who.usual.password
    database = _first(names.database, environment)
    if kind == "postgresql" and not database:
        database = user  # the image calls it so
    return Login(user, password, database)


def password_names(kind: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that hold the password of `login`."""
    return _who(kind, environment).password


def unset_passwords(kind: str, environment: Mapping[str, str]) -> list[str]:
    """Variables without which such a database does not start, and that nobody set."""
    known = [_KINDS.get(kind), _ordinary(kind, environment)]
    return [
        names.password[0]
        for names in known
        if names and names.needed and not _is_set(names, environment)
    ]


def _who(kind: str, environment: Mapping[str, str]) -> _Names:
    return _ordinary(kind, environment) or _KINDS.get(kind, _Names())


def _ordinary(kind: str, environment: Mapping[str, str]) -> _Names | None:
    names = _ORDINARY.get(kind)
    return names if names and _first(names.user, environment) else None


def _is_set(names: _Names, environment: Mapping[str, str]) -> bool:
    files = (f"{name}_FILE" for name in names.password)
    return bool(_first((*names.password, *files, *names.open_by), environment))


def _first(names: tuple[str, ...], environment: Mapping[str, str]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")
