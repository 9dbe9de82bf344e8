"""Edges as variables: which variable of a service leads to whom, and what stays as it is."""

import pytest

from detection import Analysis, analyze
from detection.connections import Connection, connections, part_of
from tests.detection.conftest import Analyzed, Folder

API = {
    "api/requirements.txt": "flask\npsycopg\nredis\n",
    "api/app.py": "import os\nfrom flask import Flask\napp = Flask(__name__)\n{}\n",
}
WEB = {
    "web/package.json": '{{"scripts": {{"start": "node ."}}, "dependencies": {{"express": "5"}}}}',
    "web/index.js": "require('express')().listen(3000);\n{}\n",
}


def compose(api: str = "", *databases: str) -> str:
    images = {"db": "postgres:16", "other": "postgres:16", "cache": "redis:7", "mq": "rabbitmq:4"}
    images["docs"] = "mongo:7"
    rows = [f"  {name}:\n    image: {images[name]}\n" for name in databases]
    needs = f"    depends_on: [{', '.join(databases)}]\n" if databases else ""
    web = "  web:\n    build: ./web\n    depends_on: [api]\n"
    return f"services:\n{web}  api:\n    build: ./api\n{needs}{api}{''.join(rows)}"


def shop(*, api: str = "", web: str = "", file: str = "") -> dict[str, str]:
    files = {name: text.format(api) for name, text in API.items()}
    files |= {name: text.format(web) for name, text in WEB.items()}
    return files | ({"compose.yaml": file} if file else {})


def of(found: Analysis, name: str, *declared: str) -> dict[str, Connection]:
    [service] = [one for one in found.services if one.name == name]
    return {one.variable: one for one in connections(service, found, declared=declared)}


def parts(found: dict[str, Connection]) -> dict[str, tuple[str, str]]:
    return {name: (one.target, one.part) for name, one in found.items()}


def reads(*names: str) -> str:
    return "\n".join(f"x = os.environ['{name}']" for name in names)


def test_an_edge_gives_the_usual_variable(analyzed: Analyzed) -> None:
    found = analyzed(shop(file=compose("", "db", "cache")))

    assert parts(of(found, "web")) == {"API_URL": ("api", "url")}
    assert parts(of(found, "api")) == {"DATABASE_URL": ("db", "url"), "REDIS_URL": ("cache", "url")}


def test_what_the_code_reads_goes_before_what_is_usual(analyzed: Analyzed) -> None:
    code = reads(
        "POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"
    )
    found = of(analyzed(shop(api=code, file=compose("", "db"))), "api")

    assert parts(found) == {
        "POSTGRES_HOST": ("db", "host"),
        "POSTGRES_PORT": ("db", "port"),
        "POSTGRES_USER": ("db", "user"),
        "POSTGRES_PASSWORD": ("db", "password"),
        "POSTGRES_DB": ("db", "database"),
    }
    reason = found["POSTGRES_HOST"].evidence[0]
    assert (reason.file, reason.line) == ("api/app.py", 4)


@pytest.mark.parametrize(
    "names",
    [
        ("DATABASE_URL",), ("DB_HOST", "DB_NAME"), ("SQLALCHEMY_DATABASE_URI",),
        ("PGHOST", "PGUSER"), ("DATABASE_HOST",), ("DB_URL",),
    ],
)  # fmt: skip
def test_the_only_database_is_meant_by_names_that_say_no_kind(
    analyzed: Analyzed, names: tuple[str, ...]
) -> None:
    found = parts(of(analyzed(shop(api=reads(*names), file=compose("", "db"))), "api"))

    assert {target for target, _ in found.values()} == {"db"}
    assert set(found) == set(names)


def test_a_store_of_documents_is_a_database_too(analyzed: Analyzed) -> None:
    code = reads("DATABASE_URL", "MONGO_HOST")
    drivers = {"api/requirements.txt": "flask\npymongo\n"}
    found = parts(of(analyzed(shop(api=code, file=compose("", "docs")) | drivers), "api"))

    assert found == {"DATABASE_URL": ("docs", "url"), "MONGO_HOST": ("docs", "host")}


def test_of_two_databases_none_is_guessed(analyzed: Analyzed) -> None:
    code = reads("DATABASE_URL", "OTHER_URL")
    found = parts(of(analyzed(shop(api=code, file=compose("", "db", "other"))), "api"))

    assert found == {"OTHER_URL": ("other", "url")}


def test_queues_and_caches_are_told_apart(analyzed: Analyzed) -> None:
    code = reads("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "CACHE_URL")
    found = parts(of(analyzed(shop(api=code, file=compose("", "cache", "mq"))), "api"))

    assert found == {
        "CELERY_BROKER_URL": ("mq", "url"),
        "CELERY_RESULT_BACKEND": ("cache", "url"),
        "CACHE_URL": ("cache", "url"),
    }


def test_what_somebody_declared_stays_and_serves_its_edge(analyzed: Analyzed) -> None:
    api = "    environment: {STORE: 'postgres://a:b@db:5432/c'}\n"
    found = analyzed(shop(api=reads("STORE"), file=compose(api, "db")))

    assert of(found, "api", "STORE") == {}


@pytest.mark.parametrize(
    "default", ["sqlite:///data.db", "file:./dev.db", "postgres://db.example.com/shop"]
)
def test_a_default_that_was_meant_is_left(analyzed: Analyzed, default: str) -> None:
    code = f"x = os.environ.get('DATABASE_URL', '{default}')"

    assert of(analyzed(shop(api=code, file=compose("", "db"))), "api") == {}


def test_a_local_default_gives_scheme_and_path(analyzed: Analyzed) -> None:
    web = "const a = process.env.API_URL || 'https://localhost:9999/v1';"
    api = "x = os.environ.get('DATABASE_URL', 'postgresql+asyncpg://u:p@localhost/dev')"
    found = analyzed(shop(api=api, web=web, file=compose("", "db")))

    assert (of(found, "web")["API_URL"].scheme, of(found, "web")["API_URL"].path) == ("http", "/v1")
    to_database = of(found, "api")["DATABASE_URL"]
    assert (to_database.scheme, to_database.path) == ("postgresql+asyncpg", "")


@pytest.mark.parametrize(
    ("code", "part", "scheme"),
    [
        ("x = os.environ.get('REDIS_URL', 'localhost:6379')", "address", ""),
        ("x = os.environ.get('REDIS_URL', 'redis://localhost:6379/1')", "url", "redis"),
        ("x = os.environ['REDIS_URL']", "url", ""),
    ],
)
def test_an_address_has_the_form_that_the_code_has(
    analyzed: Analyzed, code: str, part: str, scheme: str
) -> None:
    found = of(analyzed(shop(api=code, file=compose("", "cache"))), "api")["REDIS_URL"]

    assert (found.part, found.scheme) == (part, scheme)


def test_java_is_told_in_its_own_form(analyzed: Analyzed) -> None:
    code = reads(
        "SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_USERNAME", "SPRING_DATASOURCE_PASSWORD"
    )
    found = of(analyzed(shop(api=code, file=compose("", "db"))), "api")

    assert found["SPRING_DATASOURCE_URL"].scheme == "jdbc:postgresql"
    assert found["SPRING_DATASOURCE_PASSWORD"].part == "password"


def test_where_a_program_listens_is_not_whom_it_talks_to(analyzed: Analyzed) -> None:
    web = "const a = process.env.API_HOST || '0.0.0.0';"

    assert "API_HOST" not in of(analyzed(shop(web=web, file=compose())), "web")


def test_what_a_browser_reads_is_no_name_of_the_network(analyzed: Analyzed) -> None:
    web = "const a = process.env.NEXT_PUBLIC_API_URL;"

    assert "NEXT_PUBLIC_API_URL" not in of(analyzed(shop(web=web, file=compose())), "web")


def test_a_ready_image_gets_only_what_it_was_given(analyzed: Analyzed) -> None:
    text = compose() + "  proxy:\n    image: nginx:1\n    depends_on: [api]\n"

    assert of(analyzed(shop(file=text)), "proxy") == {}


def test_a_database_that_is_only_asked_for_has_connections(analyzed: Analyzed) -> None:
    files = {
        name.removeprefix("api/"): text.format(reads("DATABASE_URL")) for name, text in API.items()
    }
    [service] = (found := analyzed(files)).services

    assert [(c.variable, c.target) for c in connections(service, found)] == [
        ("DATABASE_URL", "postgresql")
    ]


@pytest.mark.parametrize(
    ("variable", "part"),
    [
        ("DATABASE_URL", "url"), ("PGPORT", "port"), ("DB_USERNAME", "user"),
        ("DB_NAME", "database"), ("API_ADDR", "address"), ("REDIS_HOST", "host"),
        ("POSTGRES_HOST_AUTH_METHOD", None), ("PGSSLMODE", None), ("CURLED", None), ("", None),
    ],
)  # fmt: skip
def test_how_a_name_ends_says_what_it_holds(variable: str, part: str | None) -> None:
    assert part_of(variable) == part


HOSTILE = ("http://" * 200, "a" * 1900, "://" * 600, "@" * 1900, "http://localhost" + "/a" * 900)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_defaults_keep_nothing_busy(folder: Folder, value: str) -> None:
    code = "\n".join(f"x = os.environ.get('API_{n}_URL', '{value}')" for n in range(20))
    found = analyze(folder(shop(api=code, web="", file=compose("", "db"))))

    assert "DATABASE_URL" in of(found, "api")
