"""/health: for machines that watch this one; no token needed, and nothing told but works or not."""

import logging
from collections.abc import Callable
from typing import Annotated, TypedDict

from django.db import Error as DatabaseError
from django.db import connection
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from services.api.answers import Data, words
from services.api.described import Described
from services.errors import KyozoError
from services.lifecycle.engine import router, runtime

log = logging.getLogger(__name__)


class LiveJson(TypedDict):
    status: Annotated[str, words(("ok",))]


class ReadyJson(TypedDict):
    status: Annotated[str, words(("ok", "unavailable"))]
    database: str
    engine: str
    router: str


class Live(APIView):
    """The process answers."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @Described("isLive", "The process answers", answer=Data[LiveJson])
    def get(self, request: Request) -> Response:
        return Response({"data": {"status": "ok"}})


class Ready(APIView):
    """It can also do its work: each part says "ok" or why not."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @Described(
        "isReady",
        "It can also do its work",
        about="Each part says `ok` or why not; 503 when one does not.",
        answer=Data[ReadyJson],
        others={503: Data[ReadyJson]},
    )
    def get(self, request: Request) -> Response:
        parts = {name: _outcome(check) for name, check in CHECKS.items()}
        is_ready = all(outcome == "ok" for outcome in parts.values())
        data = {"status": "ok" if is_ready else "unavailable", **parts}
        return Response({"data": data}, status=200 if is_ready else 503)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _engine() -> None:
    runtime().info()


def _router() -> None:
    router().ensure_running()


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "engine": _engine,
    "router": _router,
}


def _outcome(check: Callable[[], None]) -> str:
    try:
        check()
    except KyozoError as exc:
        return exc.message
    except DatabaseError:
        log.warning("the database does not answer", exc_info=True)
        return "the database does not answer"
    return "ok"
