"""Every example builds, runs and answers what examples/README.md says."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import Done, Kyozo, get
from tests.repository import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

Folder = Callable[..., Path]

ROW = re.compile(r"^\| \[([\w-]+)\]\([\w-]+\) \| .* \| `(.*)` \|$", re.MULTILINE)
EXAMPLES = dict(ROW.findall((ROOT / "examples" / "README.md").read_text(encoding="utf-8")))
# The service that answers, where the folder holds several.
FRONT = {"compose-shop": "web", "worker": "web"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_answers(name: str, kyozo: Kyozo, folder: Folder) -> None:
    if name == "own-dockerfile":
        assert kyozo("images", "map", "python:3.11-slim-bookworm", "kyozo/python:3.11").code == 0

    answer = get(front_url(kyozo.deploy(folder(name, name), "--json"), name))

    assert answer.status_code == 200
    assert EXAMPLES[name] in answer.text


def test_the_shop_counts_its_visits_in_the_database(kyozo: Kyozo, folder: Folder) -> None:
    url = front_url(kyozo.deploy(folder("shop", "compose-shop"), "--json"), "compose-shop")

    first, second = (int(re.findall(r"Visits: (\d+)", get(url).text)[0]) for _ in range(2))

    assert second == first + 1


def front_url(done: Done, example: str) -> str:
    """A name that another folder of the team has is given with the folder's own before it."""
    wanted = FRONT.get(example, example)
    operations = done.json["operations"]
    found = next(row for row in operations if f"-{row['service_name']}".endswith(f"-{wanted}"))
    return str(found["urls"][0]["url"])
