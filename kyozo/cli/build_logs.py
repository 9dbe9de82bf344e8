"""Build logs as they are written: each piece once and in order, whichever way it came."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kyozo.cli.answers import Operation
from kyozo.cli.client import Api
from kyozo.cli.errors import ApiError

Print = Callable[[str, str], None]


class BuildLogs:
    """`show(service name, text)` gets whole lines; `names` are the services that are followed."""

    def __init__(self, api: Api, *, names: Mapping[str, str], show: Print) -> None:
        self._api = api
        self._names = names
        self._show = show
        self._last: dict[str, int] = {}
        self._rest: dict[str, str] = {}

    def hear(self, payload: Mapping[str, Any]) -> None:
        """A frame of the live socket. A gap before it is filled by asking."""
        build_id, number = str(payload.get("build_id")), payload.get("number")
        name = self._names.get(str(payload.get("service_id")))
        if name is None or not isinstance(number, int):
            return
        last = self._last.get(build_id, 0)
        if number == last + 1:
            self._take(build_id, name, number, str(payload.get("text")))
        elif number > last:
            self._fetch(build_id, name)

    def poll(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            if operation.build_id:
                self._fetch(operation.build_id, operation.service_name)

    def finish(self, operations: Iterable[Operation]) -> None:
        """What was written at the very end, and a last line without its newline."""
        for operation in operations:
            if operation.build_id:
                self._fetch(operation.build_id, operation.service_name)
                if rest := self._rest.pop(operation.build_id, ""):
                    self._show(operation.service_name, rest)

    def _fetch(self, build_id: str, name: str) -> None:
        while True:
            path = self._api.team_path(f"/builds/{build_id}/log")
            try:
                found = self._api.get(path, after=self._last.get(build_id, 0))
            except ApiError:
                return
            chunks = found.get("chunks") or []
            for chunk in chunks:
                self._take(build_id, name, int(chunk["number"]), str(chunk["text"]))
            if not chunks:
                return

    def _take(self, build_id: str, name: str, number: int, text: str) -> None:
        self._last[build_id] = number
        *lines, self._rest[build_id] = (self._rest.get(build_id, "") + text).split("\n")
        for line in lines:
            self._show(name, line)
