"""`kyozo analyze` is detection's own report, and writes only what is not there."""

from pathlib import Path

import pytest

from detection.__main__ import main as detection_main
from tests.cli.conftest import Kyozo


def without_times(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if " ms" not in line)


def test_it_says_what_detection_says(
    alone: Kyozo, app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = alone("analyze", str(app))
    detection_main([str(app)])

    assert done.status == 0
    assert without_times(done.out) == without_times(capsys.readouterr().out)


def test_json_is_for_programs(alone: Kyozo, app: Path) -> None:
    assert alone("analyze", str(app), "--json").json["services"]


@pytest.mark.parametrize("option", [(), ("--write",)])
def test_json_is_also_what_says_that_there_is_no_folder(
    alone: Kyozo, tmp_path: Path, option: tuple[str, ...]
) -> None:
    done = alone("analyze", str(tmp_path / "none"), "--json", *option)

    assert (done.status, done.json["error"]["code"]) == (1, "detection.no_folder")


def test_nothing_deployable_is_a_failure(alone: Kyozo, tmp_path: Path) -> None:
    assert alone("analyze", str(tmp_path)).status == 1


def test_a_dockerfile_is_written_once(alone: Kyozo, app: Path) -> None:
    assert alone("analyze", str(app), "--write").status == 0
    written = (app / "Dockerfile").read_text()

    assert alone("analyze", str(app), "--write").status == 1
    assert "\nFROM " in f"\n{written}"
    assert (app / "Dockerfile").read_text() == written


def test_a_folder_named_like_an_option_is_a_folder(
    alone: Kyozo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "--json").mkdir()
    monkeypatch.chdir(tmp_path)

    done = alone("analyze", "--", "--json")

    assert (done.status, "Nothing to deploy" in done.out) == (1, True)


def test_a_compose_file_is_written_with_what_it_builds_from(alone: Kyozo, app: Path) -> None:
    assert alone("analyze", str(app), "--compose", "--write").status == 0

    assert "services:" in (app / "compose.yaml").read_text()
    assert list((app / ".kyozo").glob("*.Dockerfile"))
    assert alone("analyze", str(app), "--compose", "--write").status == 1


def test_a_compose_file_that_is_there_stays_the_one_that_counts(alone: Kyozo, app: Path) -> None:
    (app / "docker-compose.yml").write_text("services: {a: {build: .}}\n")

    assert alone("analyze", str(app), "--compose", "--write").status == 0
    assert not (app / "compose.yaml").exists()


def test_a_kyozo_toml_is_written_once(alone: Kyozo, app: Path) -> None:
    assert alone("analyze", str(app), "--toml", "--write").status == 0
    assert "start = " in (app / "kyozo.toml").read_text()
    assert alone("analyze", str(app), "--toml", "--write").status == 1


def test_nothing_is_written_through_a_link(alone: Kyozo, app: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (app / ".kyozo").symlink_to(tmp_path / "outside")

    alone("analyze", str(app), "--compose", "--write")

    assert list((tmp_path / "outside").iterdir()) == []
