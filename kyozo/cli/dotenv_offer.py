"""After a deploy: a .env file lies beside a service that has no variables. Offer to set them."""

from collections.abc import Sequence
from pathlib import Path

import typer

from kyozo.cli import dotenv
from kyozo.cli.answers import Operation, Service
from kyozo.cli.carry_out import follow, get_operation
from kyozo.cli.errors import CliError
from kyozo.cli.outcome import show_endings
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session


def after_deploy(
    session: Session,
    folder: Path,
    services: Sequence[Service],
    ended: list[Operation],
    *,
    may_ask: bool,
) -> list[Operation]:
    """The endings that count: of a service that was deployed again with its variables, the last."""
    last = {operation.service_id: operation for operation in ended}
    for service in services if session.is_local else ():
        file = _file_for(folder, service)
        if file is None or service.has_variables:
            continue
        name = one_line(service.name)
        command = f"kyozo env set {name} --from {one_line(file)}"
        if not (may_ask and session.screen.is_interactive):
            session.screen.say(f"hint: {one_line(file)} is not used; set it with: {command}")
        elif typer.confirm(f"{name} has no variables: set those of {file.name} and redeploy?"):
            last[service.id] = _redeploy(session, service, file)
    return list(last.values())


def _file_for(folder: Path, service: Service) -> Path | None:
    """Its own, else that of the whole folder; a link is not followed."""
    for place in (folder / service.folder_path.strip("/"), folder):
        file = place / ".env"
        if file.is_file() and not file.is_symlink():
            return file
    return None


def _redeploy(session: Session, service: Service, file: Path) -> Operation:
    try:
        variables = dotenv.read(file)
    except CliError as exc:
        exc.status = 1
        raise
    api = session.api
    path = api.team_path(f"/services/{service.id}")
    names = sorted(variables)
    body = {"variables": variables, "secret_variables": names}
    api.call("PATCH", f"{path}/env", body=body)
    begun = api.post(f"{path}/deploy").meta["operation_id"]
    ended = follow(session, [get_operation(session, str(begun))])
    show_endings(session.screen, ended)
    return ended[0]
