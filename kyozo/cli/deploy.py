"""`kyozo deploy`: from a folder to addresses that answer."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from kyozo.cli import deploy_run
from kyozo.cli.deploy_run import Manner
from kyozo.cli.repository import Source
from kyozo.cli.session import session_of

AcceptVersion = Annotated[
    bool, typer.Option("--accept-version", help="Take the nearest language version there is.")
]
Upload = Annotated[
    bool, typer.Option("--upload", help="Send the folder; for a platform elsewhere.")
]
Name = Annotated[str, typer.Option(help="With --upload or --git: the workspace's name.")]
Git = Annotated[str, typer.Option(metavar="URL", help="A repository; FOLDER is then a path in it.")]
Ref = Annotated[str, typer.Option(help="With --git: a branch, a tag or a commit.")]
GitToken = Annotated[
    str, typer.Option(envvar="KYOZO_GIT_TOKEN", help="With --git: a token that may read.")
]
GitKey = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="With --git: a file with a deploy key, for ssh."
    ),
]
GitHostKey = Annotated[
    str, typer.Option(metavar="SHA256:...", help="With --git: the key that the ssh server has.")
]
WithDatabases = Annotated[
    bool,
    typer.Option("--with-databases", help="Databases too that the code asks for."),
]
NoInstall = Annotated[bool, typer.Option("--no-install", help="Install no engine on this machine.")]


def deploy(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder with the code.")] = Path(),
    *,
    service_type: Annotated[str, typer.Option("--type", help="python, nodejs, static, ...")] = "",
    start: Annotated[str, typer.Option(help="The command that starts it.")] = "",
    build: Annotated[str, typer.Option(help="The command that builds it.")] = "",
    port: Annotated[int | None, typer.Option(help="The port it listens on.")] = None,
    health: Annotated[str, typer.Option(help="The path that answers when it is well.")] = "",
    name: Annotated[str, typer.Option(help="The service's name.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="Only this service; repeatable.")] = None,
    with_databases: WithDatabases = False,
    force: Annotated[bool, typer.Option("--force", help="Also when nothing changed.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Build every step anew.")] = False,
    pull: Annotated[bool, typer.Option("--pull", help="Ask for newer base images.")] = False,
    accept_version: AcceptVersion = False,
    upload: Upload = False,
    workspace: Name = "",
    git: Git = "",
    ref: Ref = "",
    git_token: GitToken = "",
    git_key: GitKey = None,
    git_host_key: GitHostKey = "",
    no_install: NoInstall = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Do not wait.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    logs: Annotated[bool, typer.Option("--logs", "-v", help="Show the build logs.")] = False,
) -> None:
    """Build and run every service of a folder.

    Starts the platform (and, as root, installs a container engine) when there is none.
    Waits until every service is healthy. Ctrl-C cancels and waits for the clean end.

    \b
    Examples:
      kyozo deploy
      kyozo deploy ~/shop --only api --logs
      kyozo deploy . --type python --start "gunicorn app:app" --port 8000
      kyozo deploy --url https://kyozo.example.com --upload
      kyozo deploy --git https://github.com/team/shop.git --ref main
    """
    said = Source(git, ref, git_token, key_file=git_key, host_key=git_host_key)
    source = source_of(ctx, folder, said, is_upload=upload)
    overrides = {"type": service_type, "start": start, "build": build, "health": health}
    path = f"/{folder.as_posix()}" if source and folder != Path() else "/"
    body = {"folder_path": path, "overrides": given(**overrides, port=port)}
    flags = {"force": force, "no_cache": no_cache, "pull": pull, "accept_version": accept_version}
    asked = {"only": only, "name": name, "with_databases": with_databases}
    manner = Manner(
        may_install=not no_install,
        detach=detach,
        asks_nothing=yes,
        shows_logs=logs,
        upload=not source and (upload or bool(workspace)),
        workspace=workspace,
        git=source,
    )
    deploy_run.run(session_of(ctx), folder, body | flags | given(**asked), manner)


def source_of(ctx: typer.Context, folder: Path, said: Source, *, is_upload: bool) -> Source | None:
    """The repository that is meant, if one is."""
    if said.url and is_upload:
        raise typer.BadParameter("give either --git or --upload")
    if not said.url:
        if said.ref or said.key_file or said.host_key:
            raise typer.BadParameter("--ref, --git-key and --git-host-key go with --git")
        return None
    if folder.is_absolute() or ".." in folder.parts:
        raise typer.BadParameter("with --git the folder is a path inside the repository")
    if said.url.startswith(("https:", "http:")) and "@" in urlsplit(said.url).netloc:
        # Before the address is said: screens and logs keep it.
        raise typer.BadParameter(
            "no name or password belongs into --git: give a token in KYOZO_GIT_TOKEN"
        )
    token_from = ctx.get_parameter_source("git_token")
    is_usual = token_from is not None and token_from.name == "ENVIRONMENT"
    return replace(said, is_token_usual=is_usual)


def given(**options: object) -> dict[str, object]:
    """Those that were not left away."""
    return {name: value for name, value in options.items() if value}
