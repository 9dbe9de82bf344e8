"""What a service's edges give it: names of the network, and passwords that both sides know."""

from pathlib import Path

import pytest
from pytest_django import Settings

from services.lifecycle.analyse import analyse
from services.lifecycle.describe import log_masker
from services.lifecycle.folder import FolderDeploy, deploy_folder
from services.lifecycle.logins import Login, login, unset_passwords
from services.lifecycle.remove import remove
from services.lifecycle.update import set_environment
from services.models import Service, WantedState, Workspace
from tests.conftest import Person
from tests.factories import make_folder, make_workspace
from tests.services.lifecycle.working import carry_out_all, only

READS_DATABASE = "\nimport os\nDATABASE = os.environ['DATABASE_URL']\n"
READS_API = "\nimport os\nAPI = os.environ.get('BACKEND_URL', 'http://localhost:5000/v1')\n"
COMPOSE = """
services:
  web:
    build: ./web
    depends_on: [backend]
  backend:
    build: ./backend
    depends_on: [db]
  db:
    image: postgres:16
    environment:
      POSTGRES_USER: shop
      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}
    volumes: [data:/var/lib/postgresql/data]
volumes:
  data:
"""


def make_shop(place: Path, alice: Person, name: str = "shop", compose: str = COMPOSE) -> Workspace:
    folder = place / name
    folder.mkdir()
    for part, code in (("web", READS_API), ("backend", READS_DATABASE)):
        with (make_folder(folder, part) / "app.py").open("a") as file:
            file.write(code)
    (folder / "compose.yaml").write_text(compose)
    return make_workspace(alice.team, name=name, root=str(folder))


@pytest.fixture
def shop(tmp_path: Path, alice: Person) -> Workspace:
    return make_shop(tmp_path, alice)


def deployed(workspace: Workspace, **options: object) -> FolderDeploy:
    result = deploy_folder(workspace, actor="alice", **options)  # type: ignore[arg-type]
    carry_out_all()
    return result


def service(name: str) -> Service:
    return Service.objects.exclude(wanted_state=WantedState.REMOVED).get(name=name)


def environment(name: str) -> dict[str, str]:
    found: dict[str, str] = only(service(name)).release.environment
    return found


def test_each_side_gets_what_leads_to_the_other(shop: Workspace) -> None:
    deployed(shop)

    password = environment("db")["POSTGRES_PASSWORD"]
    assert environment("web")["BACKEND_URL"] == "http://backend:5000/v1"
    assert environment("backend")["DATABASE_URL"] == f"postgresql://shop:{password}@db:5432/shop"


def test_the_password_is_made_up_secret_and_strong(shop: Workspace) -> None:
    deployed(shop)

    database = service("db")
    [password] = database.secrets.values()
    assert database.secret_names == ["POSTGRES_PASSWORD"]
    assert len(password) == 32
    assert all(any(test(c) for c in password) for test in (str.isupper, str.islower, str.isdigit))
    assert password not in str(database.plan)
    assert password not in str(service("backend").plan)
    assert service("backend").environment == {}


def test_each_place_has_a_password_of_its_own_that_outlives_its_service(
    tmp_path: Path, alice: Person, shop: Workspace
) -> None:
    deployed(shop)
    first = service("db").environment
    deployed(make_shop(tmp_path, alice, "store"))
    remove(service("db"), actor="alice")
    carry_out_all()

    deployed(shop, only=["db"])

    assert service("db").environment == first
    assert service("store-db").environment != first


def test_a_password_outlives_the_keys_that_encrypt_it(
    alice: Person, shop: Workspace, settings: Settings
) -> None:
    deployed(shop)
    first = service("db").environment
    remove(service("db"), actor="alice")
    carry_out_all()
    keys = settings.KYOZO["ENCRYPTION_KEYS"]
    settings.KYOZO = settings.KYOZO | {"ENCRYPTION_KEYS": ["a newer one", *keys]}

    deployed(shop, only=["db"])

    assert service("db").environment == first


def test_an_address_follows_the_names_of_the_network(
    tmp_path: Path, alice: Person, shop: Workspace
) -> None:
    deployed(shop)
    deployed(make_shop(tmp_path, alice, "store"))

    assert environment("store-web")["BACKEND_URL"] == "http://store-backend:5000/v1"
    assert "@store-db:5432/" in environment("store-backend")["DATABASE_URL"]


def test_what_a_person_set_stays(shop: Workspace) -> None:
    deployed(shop)
    mine: dict[str, str | None] = {"DATABASE_URL": "postgres://elsewhere/x"}
    set_environment(service("backend"), variables=mine, secret_names=None, actor="alice")

    deployed(shop)

    assert environment("backend")["DATABASE_URL"] == "postgres://elsewhere/x"


def test_a_password_that_a_person_set_is_the_same_on_both_sides(shop: Workspace) -> None:
    deployed(shop)
    hard: dict[str, str | None] = {"POSTGRES_PASSWORD": "a/b@c:d%e f"}
    set_environment(service("db"), variables=hard, secret_names=None, actor="alice")

    deployed(shop)

    assert environment("db")["POSTGRES_PASSWORD"] == "a/b@c:d%e f"
    assert "//shop:a%2Fb%40c%3Ad%25e%20f@db:5432" in environment("backend")["DATABASE_URL"]


def test_what_is_not_deployed_gives_nothing(shop: Workspace) -> None:
    deployed(shop, only=["backend"])

    assert "DATABASE_URL" not in environment("backend")


def test_a_service_that_comes_later_is_known_with_the_next_deploy(shop: Workspace) -> None:
    deployed(shop, only=["web"])
    assert "BACKEND_URL" not in environment("web")

    deployed(shop)

    assert environment("web")["BACKEND_URL"] == "http://backend:5000/v1"


def test_nothing_changes_where_nothing_changed(shop: Workspace) -> None:
    deployed(shop)

    deployed(shop)

    assert [row.releases.count() for row in Service.objects.all()] == [1, 1, 1]


def test_another_team_s_service_of_the_name_is_not_meant(
    tmp_path: Path, alice: Person, charlie: Person, shop: Workspace
) -> None:
    deployed(make_shop(tmp_path, charlie, "theirs"), only=["backend", "db"])

    deployed(shop, only=["web"])

    web = Service.objects.get(team=alice.team, name="web")
    assert "BACKEND_URL" not in only(web).release.environment


def test_passwords_of_others_are_masked_in_logs(shop: Workspace) -> None:
    deployed(shop)
    password = environment("db")["POSTGRES_PASSWORD"]
    row = only(service("backend"))

    masked = log_masker(row).mask(f"connecting to postgresql://shop:{password}@db:5432/shop")

    assert password not in masked
    assert "db:5432/shop" in masked


def test_a_password_stays_masked_when_its_database_is_gone(shop: Workspace) -> None:
    deployed(shop)
    password = environment("db")["POSTGRES_PASSWORD"]
    remove(service("db"), actor="alice")
    carry_out_all()

    masked = log_masker(only(service("backend"))).mask(f"shop:{password}@db is gone")

    assert password not in masked


def test_a_password_that_is_no_secret_does_not_blank_out_logs(
    tmp_path: Path, alice: Person
) -> None:
    plain = COMPOSE.replace("${POSTGRES_PASSWORD}", "shop")
    deployed(make_shop(tmp_path, alice, compose=plain))

    assert "//shop:shop@db" in environment("backend")["DATABASE_URL"]
    assert log_masker(only(service("backend"))).mask("the shop is open") == "the shop is open"


def test_a_password_in_a_file_is_nobody_s_to_repeat(tmp_path: Path, alice: Person) -> None:
    hidden = COMPOSE.replace(
        "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}", "POSTGRES_PASSWORD_FILE: /run/secrets/pw"
    )
    deployed(make_shop(tmp_path, alice, compose=hidden))

    assert service("db").environment == {}
    assert "DATABASE_URL" not in environment("backend")


def test_the_plan_shows_it_with_evidence_and_without_the_password(shop: Workspace) -> None:
    result = analyse(shop).result
    rows = {row["name"]: row["connections"] for row in result["services"]}

    [to_backend], [to_database] = rows["web"], rows["backend"]
    assert (to_backend["variable"], to_backend["value"]) == (
        "BACKEND_URL",
        "http://backend:5000/v1",
    )
    assert to_backend["evidence"][0]["file"] == "web/app.py"
    assert to_database["value"] == "postgresql://shop:****@db:5432/shop"


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("postgresql", {}, Login("postgres", "", "postgres")),
        ("postgresql", {"POSTGRES_USER": "a", "POSTGRES_PASSWORD": "b"}, Login("a", "b", "a")),
        ("postgresql", {"POSTGRES_PASSWORD_FILE": "/x"}, Login("postgres", None, "postgres")),
        ("mysql", {"MYSQL_ROOT_PASSWORD": "r", "MYSQL_DATABASE": "d"}, Login("root", "r", "d")),
        (
            "mysql",
            {"MYSQL_ROOT_PASSWORD": "r", "MYSQL_USER": "u", "MYSQL_PASSWORD": "p"},
            Login("u", "p", ""),
        ),
        ("mariadb", {"MYSQL_USER": "u", "MARIADB_PASSWORD": "p"}, Login("u", "p", "")),
        ("rabbitmq", {}, Login("guest", "guest", "")),
        ("redis", {}, Login()),
        ("nothing", {}, Login()),
    ],
)
def test_who_may_come_in(kind: str, given: dict[str, str], expected: Login) -> None:
    assert login(kind, given) == expected


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("postgresql", {}, ["POSTGRES_PASSWORD"]),
        ("postgresql", {"POSTGRES_PASSWORD": "x"}, []),
        ("postgresql", {"POSTGRES_HOST_AUTH_METHOD": "trust"}, []),
        ("mysql", {"MYSQL_USER": "u"}, ["MYSQL_ROOT_PASSWORD", "MYSQL_PASSWORD"]),
        ("mariadb", {"MARIADB_ALLOW_EMPTY_ROOT_PASSWORD": "1"}, []),
        ("sqlserver", {"SA_PASSWORD": "x"}, []),
        ("redis", {}, []),
    ],
)
def test_which_password_is_missing(kind: str, given: dict[str, str], expected: list[str]) -> None:
    assert unset_passwords(kind, given) == expected
