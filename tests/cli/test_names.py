"""From what was typed to the service that is meant."""

import pytest

from kyozo.cli.answers import Service
from kyozo.cli.errors import CliError
from kyozo.cli.names import choose


def services(*names: str) -> list[Service]:
    return [Service.parse({"id": f"id-{name}", "name": name}) for name in names]


def test_the_exact_name_wins_over_longer_ones() -> None:
    assert choose(services("api", "api-worker"), "api").name == "api"


def test_a_unique_beginning_is_enough() -> None:
    assert choose(services("api", "web"), "w").name == "web"


def test_an_id_is_a_name() -> None:
    assert choose(services("api", "web"), "id-web").name == "web"


def test_several_candidates_are_listed() -> None:
    with pytest.raises(CliError, match="api, app"):
        choose(services("api", "app"), "a")


@pytest.mark.parametrize("name", ["x", ""])
def test_an_unknown_name_says_what_there_is(name: str) -> None:
    with pytest.raises(CliError) as caught:
        choose(services("api", "web"), name)

    assert "api, web" in caught.value.fix
