"""Databases that the code asks for and nobody declares: offered, and deployed only when wanted."""

from pathlib import Path

import pytest

from services.errors import InvalidError
from services.lifecycle.deploy import deploy
from services.lifecycle.describe import fix
from services.lifecycle.folder import FolderDeploy, deploy_folder
from services.lifecycle.update import set_environment
from services.models import Operation, Service, Workspace
from tests.conftest import Api, Person
from tests.factories import make_folder, make_workspace
from tests.services.lifecycle.working import carry_out_all, only

CODE = "\nimport os\nDATABASE = os.environ['DATABASE_URL']\n"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path, "notes")
    (folder / "requirements.txt").write_text("flask==3.0.0\npsycopg==3.2\n")
    with (folder / "app.py").open("a") as file:
        file.write(CODE)
    return folder


@pytest.fixture
def notes(alice: Person, app: Path) -> Workspace:
    return make_workspace(alice.team, name="notes", root=str(app))


def deployed(workspace: Workspace, **options: object) -> FolderDeploy:
    result = deploy_folder(workspace, actor="alice", **options)  # type: ignore[arg-type]
    carry_out_all()
    return result


def names(result: FolderDeploy) -> list[str]:
    return [service.name for service in result.services]


def test_it_is_not_deployed_and_the_next_step_is_said(notes: Workspace) -> None:
    result = deployed(notes)

    assert names(result) == ["notes"]
    [(name, reason)] = result.skipped
    assert name == "postgresql"
    assert "notes reads DATABASE_URL" in reason
    assert "--with-databases" in reason


@pytest.mark.parametrize("options", [{"with_databases": True}, {"only": ["postgresql", "notes"]}])
def test_it_is_deployed_first_where_it_is_wanted(
    notes: Workspace, options: dict[str, object]
) -> None:
    result = deployed(notes, **options)

    assert (names(result), result.skipped) == (["postgresql", "notes"], [])
    database, app = (only(service).release for service in result.services)
    password = database.environment["POSTGRES_PASSWORD"]
    expected = f"postgresql://postgres:{password}@postgresql:5432/postgres"
    assert app.environment["DATABASE_URL"] == expected
    assert result.operations[1].after == [str(result.operations[0].id)]
    assert set(Service.objects.values_list("status", flat=True)) == {"running"}


def test_its_data_has_a_volume_and_its_health_a_check(notes: Workspace) -> None:
    [database] = deployed(notes, only=["postgresql"]).services

    config = only(database).release.config
    assert [m["target"] for m in config["mounts"]] == ["/var/lib/postgresql/data"]
    assert "pg_isready" in config["health"]["command"][-1]
    assert (config["strategy"], config["check_port"]) == ("recreate", 5432)


def test_later_deploys_keep_it(notes: Workspace) -> None:
    deployed(notes, with_databases=True)

    assert names(deployed(notes)) == ["postgresql", "notes"]
    assert [row.releases.count() for row in Service.objects.all()] == [1, 1]


def test_wanted_beside_a_name_it_comes_too(notes: Workspace) -> None:
    assert names(deployed(notes, only=["notes"], with_databases=True)) == ["postgresql", "notes"]


def test_who_has_a_database_is_not_told_of_it(notes: Workspace) -> None:
    [app] = deployed(notes).services
    mine: dict[str, str | None] = {"DATABASE_URL": "postgres://db.example.com/notes"}
    set_environment(app, variables=mine, secret_names=None, actor="alice")

    assert deployed(notes).skipped == []


def test_an_app_that_dies_of_it_is_told_how_to_have_one(notes: Workspace) -> None:
    [app] = deployed(notes).services

    said = fix(only(app), ["KeyError: 'DATABASE_URL'"])

    assert "nothing is deployed as postgresql" in said
    assert "--with-databases" in said
    assert "kyozo env set notes DATABASE_URL" in said
    assert "--with-databases" not in fix(only(app), ["KeyError: 'SECRET_KEY'"])


def test_when_the_code_asks_no_more_nothing_takes_its_place(notes: Workspace, app: Path) -> None:
    database, _ = deployed(notes, with_databases=True).services
    (app / "requirements.txt").write_text("flask==3.0.0\n")

    operation = deploy(database, actor="alice")
    carry_out_all()

    operation.refresh_from_db()
    assert operation.state == "failed"
    assert only(database).release.number == 1


def test_a_name_that_is_none_lists_it_too(notes: Workspace) -> None:
    with pytest.raises(InvalidError) as refusal:
        deploy_folder(notes, actor="alice", only=["mysql"])

    assert "postgresql" in refusal.value.message


def test_the_api_offers_it_and_deploys_it(api: Api, notes: Workspace) -> None:
    found = api.post(api.at(f"/workspaces/{notes.id}/analyze"), {}).json()["data"]
    done = api.post(api.at(f"/workspaces/{notes.id}/deploy"), {"with_databases": True})

    offered = {row["service_name"]: row["is_optional"] for row in found["recommended_services"]}
    assert offered == {"notes": False, "postgresql": True}
    [given] = found["recommended_services"][0]["connections"]
    assert given["value"] == "postgresql://postgres:****@postgresql:5432/postgres"
    assert "DATABASE_URL" not in found["recommended_services"][0]["environment_variables"]
    assert [row["name"] for row in done.json()["data"]["services"]] == ["postgresql", "notes"]
    assert "POSTGRES_PASSWORD" in done.json()["data"]["services"][0]["secret_variables"]
    assert Service.objects.get(name="postgresql").environment["POSTGRES_PASSWORD"] not in str(
        done.content
    )


def test_a_stranger_gets_none(stranger: Api, notes: Workspace) -> None:
    done = stranger.post(stranger.at(f"/workspaces/{notes.id}/deploy"), {"with_databases": True})

    assert done.status_code == 404
    assert not Operation.objects.exists()
