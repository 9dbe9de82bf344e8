"""Documentation is tested: what the code has, a page explains, and links lead somewhere."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.repository import ROOT, files, name_of

PAGES = sorted(files("*.md"))
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
DECISIONS = ROOT / "docs" / "decisions"


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def direct_dependencies() -> list[str]:
    project = tomllib.loads(read("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    return [re.split(r"[\[<>=!~; ]", line)[0] for line in wanted]


def links(page: Path) -> list[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = ["".join(pair) for pair in LINK.findall(text)]
    return [
        target for target in targets if "://" not in target and not target.startswith("mailto:")
    ]


def anchors(page: Path) -> set[str]:
    """GitHub's names of a page's headings."""
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in headings}


def leads_somewhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    if not found.exists():
        return False
    return not anchor or found.suffix != ".md" or anchor in anchors(found)


@pytest.mark.parametrize("name", direct_dependencies())
def test_every_dependency_has_a_reason(name: str) -> None:
    assert re.search(
        rf"^\| `{re.escape(name)}` \| \S.{{15,}} \|$", read("docs/dependencies.md"), re.MULTILINE
    )


def test_no_reason_is_left_of_a_dependency_that_went() -> None:
    explained = re.findall(r"^\| `([\w.-]+)` \|", read("docs/dependencies.md"), re.MULTILINE)

    assert sorted(explained) == sorted(direct_dependencies())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert [target for target in links(page) if not leads_somewhere(page, target)] == []


def test_decisions_are_numbered_and_short() -> None:
    notes = sorted(DECISIONS.glob("*.md"))

    assert [note.name[:4] for note in notes] == [f"{n:04}" for n in range(1, len(notes) + 1)]
    assert [note.name for note in notes if len(note.read_text("utf-8").splitlines()) > 40] == []


def test_every_example_is_listed() -> None:
    folders = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())
    listed = re.findall(r"^\| \[([\w-]+)\]", read("examples/README.md"), re.MULTILINE)

    assert sorted(listed) == folders


def test_every_type_of_event_is_explained_and_no_other() -> None:
    word = r"(?:deployment|container|scaling|image)_(?:[a-z]+ed|built)"
    code = "\n".join(path.read_text("utf-8") for path in files("*.py", under="services"))
    health = {"health_check_failed", "health_check_recovered"}
    told = health | set(re.findall(f'"({word})"', code))
    table = read("docs/api.md").partition("| `event_type` | `success` |")[2].partition("\n\n")[0]
    explained = re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\|([^|]+)", table, re.MULTILINE)))

    assert sorted(explained) == sorted(told)
