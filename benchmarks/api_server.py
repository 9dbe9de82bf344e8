"""One server for `benchmarks.api`: the platform's API alone, or the plain one, with rows in it.

A process of its own. Its first line says what to ask for; the server is the platform's own.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from kyozo.platform.listener import listen

SOURCE = "<h1>one</h1>\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=["kyozo", "plain"])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", action="store_true", help="make the rows, say what to ask, end")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    make = kyozo if options.which == "kyozo" else plain
    listener = None if options.seed else listen("127.0.0.1", options.port, exact=True)
    application, asked = make(options.rows, options.folder)
    print(json.dumps(asked), flush=True)
    if listener:
        from kyozo.platform.web import web_server  # noqa: PLC0415 - not before Django is set up

        web_server(application).run(sockets=[listener])
    return 0


def kyozo(rows: int, folder: Path) -> tuple[Any, Mapping[str, Any]]:
    _set_up("kyozo.settings")
    from kyozo.asgi import application  # noqa: PLC0415
    from services.accounts.first_run import first_run  # noqa: PLC0415
    from services.models import Service, Status, Workspace  # noqa: PLC0415

    first = first_run() or sys.exit("there is a team in this database")
    folder.mkdir()
    (folder / "index.html").write_text(SOURCE, encoding="utf-8")
    workspace = Workspace.objects.create(team=first.team, name="site", root=str(folder))
    many = [
        Service(
            team=first.team,
            workspace=workspace,
            name=f"service-{number}",
            service_type="static",
            status=Status.RUNNING,
        )
        for number in range(rows)
    ]
    Service.objects.bulk_create(many)
    _counted()
    root = f"/api/v1/teams/{first.team.pk}/services"
    return application, {
        "headers": {"X-API-Key": first.token_text, "X-Team-ID": str(first.team.pk)},
        "get": f"{root}/{many[rows // 2].pk}",
        "list": f"{root}?limit=50",
        "create": root,
        "body": '{"service": {"name": "NAME", "folder_path": "/"}}',
    }


def plain(rows: int, _folder: Path) -> tuple[Any, Mapping[str, Any]]:
    _set_up("benchmarks.plain.settings", "--run-syncdb")
    from a2wsgi import WSGIMiddleware  # noqa: PLC0415
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415
    from rest_framework.authtoken.models import Token  # noqa: PLC0415

    from benchmarks.plain.models import Group, Item  # noqa: PLC0415
    from kyozo.platform.web import THREADS  # noqa: PLC0415

    group = Group.objects.create(name="site")
    many = [Item(id=uuid4(), name=f"item-{number}", group=group) for number in range(rows)]
    Item.objects.bulk_create(many)
    _counted()
    token = Token.objects.create(user=User.objects.create(username="owner"))
    middle = many[rows // 2].pk
    application: Any = get_wsgi_application()
    return WSGIMiddleware(application, workers=THREADS), {
        "headers": {"Authorization": f"Token {token.key}"},
        "bare": {"get": f"/bare/{middle}", "list": "/bare", "create": "/bare"},
        "get": f"/items/{middle}",
        "list": "/items",
        "create": "/items",
        "body": json.dumps({"name": "NAME", "group": str(group.pk)}),
    }


def _counted() -> None:
    """PostgreSQL counts rows by itself within a minute; until then it takes a table for small."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _set_up(settings: str, *options: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    import django  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", *options, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
