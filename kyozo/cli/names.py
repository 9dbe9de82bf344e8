"""From a name as typed to the service that is meant."""

from typing import TYPE_CHECKING

from kyozo.cli import answers
from kyozo.cli.answers import Service
from kyozo.cli.errors import CliError
from kyozo.cli.screen import one_line

if TYPE_CHECKING:
    from kyozo.cli.client import Api

SHOWN_CANDIDATES = 8


def all_services(api: "Api") -> list[Service]:
    return answers.services(api.get_all(api.team_path("/services")))


def find_service(api: "Api", name: str) -> Service:
    """The service of exactly this name or id, else the only one whose name begins like that."""
    known = all_services(api)
    return choose(known, name)


def choose(known: list[Service], name: str) -> Service:
    exact = [service for service in known if name in {service.name, service.id}]
    found = exact or [service for service in known if name and service.name.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(service.name for service in found[:SHOWN_CANDIDATES])
        raise CliError(
            f"{one_line(name)!r} can mean several services: {names}",
            fix="give the whole name",
            code="ambiguous_name",
        )
    names = ", ".join(service.name for service in known[:SHOWN_CANDIDATES])
    raise CliError(
        f"there is no service {one_line(name)!r}",
        fix=f"there are: {names}" if known else "deploy one with `kyozo deploy FOLDER`",
        code="not_found",
    )
