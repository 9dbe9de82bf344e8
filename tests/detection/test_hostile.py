"""Folders made to hurt: links, pipes, loops, huge and malformed files."""

import json
import os
from pathlib import Path

import pytest

from detection import NoFolderError, analyze, to_json
from tests.detection.conftest import Analyzed, Folder

SERVED = "flask --app app:app run --no-debugger --no-reload --host 0.0.0.0 --port $PORT"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"


def test_a_link_out_of_the_folder_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("django\n")
    root = folder({"app.py": FLASK})
    (root / "requirements.txt").symlink_to(tmp_path / "outside.txt")

    found = analyze(root)

    assert found.services[0].framework == "flask"
    assert found.services[0].manifest_files == ()


def test_a_linked_folder_is_not_entered(folder: Folder, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "package.json").write_text('{"scripts": {"start": "node x"}}')
    root = folder({"app.py": FLASK})
    (root / "web").symlink_to(other, target_is_directory=True)

    assert [service.path for service in analyze(root).services] == ["."]


def test_a_link_loop_ends(folder: Folder) -> None:
    root = folder({"app.py": FLASK})
    (root / "again").symlink_to(root, target_is_directory=True)

    assert analyze(root).files_seen == 1


def test_a_requirements_file_cannot_include_one_outside(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("django\n")
    root = folder({"requirements.txt": "-r ../outside.txt\nflask\n", "app.py": FLASK})

    assert analyze(root).services[0].framework == "flask"


@pytest.mark.parametrize("name", ["Dockerfile", "package.json", "compose.yaml", "kyozo.toml"])
def test_a_pipe_in_place_of_a_file_is_passed_over(folder: Folder, name: str) -> None:
    root = folder({"requirements.txt": "flask\n", "app.py": FLASK})
    os.mkfifo(root / name)

    assert analyze(root).service_type == "python"


def test_a_dockerfile_that_is_a_folder_is_no_dockerfile(folder: Folder) -> None:
    root = folder({"requirements.txt": "flask\n", "app.py": FLASK})
    (root / "Dockerfile").mkdir()

    assert analyze(root).services[0].dockerfile_path is None


def test_names_that_are_no_text_are_counted_and_passed_over(folder: Folder) -> None:
    root = folder({"app.py": FLASK})
    Path(os.fsdecode(os.fsencode(root) + b"/\xff\xfe.py")).write_text("x")
    (root / "line\nbreak.py").write_text("x")

    found = analyze(root)

    assert found.files_pruned == 2
    assert json.dumps(to_json(found)).isascii()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", '{"scripts": '),
        ("package.json", "[" * 100_000),
        ("pyproject.toml", "[project\n"),
        ("compose.yaml", "services: [\n"),
        ("pom.xml", '<!DOCTYPE x [<!ENTITY a "b">]><project>&a;</project>'),
        ("pom.xml", "<project>"),
    ],
)
def test_a_malformed_manifest_is_a_warning(analyzed: Analyzed, name: str, text: str) -> None:
    found = analyzed({name: text, "app.py": FLASK})

    assert found.services[0].framework == "flask"
    assert any(warning.startswith(f"{name} is ignored") for warning in found.warnings)


def test_aliases_that_multiply_cost_nothing(analyzed: Analyzed) -> None:
    layers = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    bomb = "\n".join(["a0: &a0 x", *layers, "services:", "  web: {image: *a39, ports: *a39}"])

    assert analyzed({"compose.yaml": bomb}).elapsed_ms < 2000


@pytest.mark.parametrize(
    "source", ["(" * 30_000, "-" * 30_000 + "1", "x = " + "[" * 30_000, "a." * 15_000 + "a"]
)
def test_source_too_deep_for_the_parser_is_survived(analyzed: Analyzed, source: str) -> None:
    found = analyzed({"requirements.txt": "flask\n", "app.py": FLASK, "main.py": source})

    assert found.services[0].start_command == SERVED


def test_a_huge_file_is_read_to_its_cap_only(folder: Folder) -> None:
    root = folder({"app.py": FLASK, "requirements.txt": "flask\n"})
    with (root / "package.json").open("wb") as sparse:
        sparse.truncate(1 << 40)

    assert analyze(root).service_type == "python"


def test_a_folder_200_deep_is_cut_off(folder: Folder) -> None:
    root = folder({"/".join(["d"] * 200) + "/app.py": FLASK})

    assert analyze(root).files_seen == 0


def test_a_tree_with_a_virtual_environment_of_any_name_leaves_it_out(analyzed: Analyzed) -> None:
    files = {"myenv/pyvenv.cfg": "", "myenv/lib/site.py": "x", "app.py": FLASK}

    assert analyzed(files).files_seen == 1


@pytest.mark.parametrize("name", ["missing", "file"])
def test_no_folder_is_the_one_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(NoFolderError, match="is not a folder") as raised:
        analyze(tmp_path / name)

    assert raised.value.code == "detection.no_folder"


def test_a_compose_build_outside_the_folder_is_not_looked_at(analyzed: Analyzed) -> None:
    found = analyzed({"compose.yaml": "services:\n  web:\n    build: ../../etc\n"})

    assert [service.dockerfile_path for service in found.services] == [None]
    assert not found.is_deployable


@pytest.mark.parametrize(
    "dockerfile",
    ["FROM b AS a\nFROM a AS b\n", "FROM\nFROM\n", "FROM a AS a\n", "FROM b AS a\nFROM a AS c\n"],
    ids=["two of each other", "no image", "itself", "a later one"],
)
def test_stages_that_lead_in_a_circle_lead_nowhere(analyzed: Analyzed, dockerfile: str) -> None:
    found = analyzed({"Dockerfile": f"{dockerfile}RUN true\n"})

    assert not any(service.port for service in found.services)
