"""Programs that use the package, in a process of their own: what they say comes back as JSON."""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from tests.sdk_javascript.building import NODE, Built

HEAD = """
import * as sdk from '@kyozo/sdk';
const { KyozoAPI } = sdk;
const say = (value) => process.stdout.write(JSON.stringify(value ?? null) + '\\n');
const connect = (more = {}) => new KyozoAPI({
  apiToken: process.env.TOKEN, teamId: process.env.TEAM, baseUrl: process.env.BASE, ...more,
});
const api = connect();
const failure = async (work) => {
  try { await work(); } catch (error) {
    return { ...error, kind: error.constructor.name, message: error.message };
  }
  throw new Error('it did not fail');
};
"""
WAIT_S = 100.0  # for the next line; a busy machine is slow, a program that ended is seen at once


@dataclass(frozen=True)
class Access:
    """What a program is given."""

    base: str
    token: str = field(repr=False)
    team: str

    def via(self, port: int) -> "Access":
        """The same through something that listens at another port."""
        host, _, path = self.base.removeprefix("http://").partition("/")
        return Access(f"http://{host.rpartition(':')[0]}:{port}/{path}", self.token, self.team)


class Program:
    """It runs beside the test; `said()` is its next line."""

    def __init__(
        self, file: Path, access: Access, *, node: Path = NODE, wait_s: float = WAIT_S, **more: str
    ) -> None:
        self.wait_s = wait_s
        self.process = subprocess.Popen(
            [str(node), str(file)],
            env={
                "PATH": os.environ["PATH"],
                "BASE": access.base,
                "TOKEN": access.token,
                "TEAM": access.team,
                **more,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.errors: list[str] = []
        self._lines: Queue[str | None] = Queue()
        self._readers = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def said(self) -> Any:
        line = self.line()
        return json.loads(line)

    def line(self) -> str:
        try:
            line = self._lines.get(timeout=self.wait_s)
        except Empty:
            raise AssertionError(f"it said nothing more: {''.join(self.errors)}") from None
        if line is None:
            self._readers[1].join(WAIT_S)
            raise AssertionError(f"it ended: {''.join(self.errors)}")
        return line

    def rest(self) -> list[Any]:
        return [json.loads(line) for line in self.lines()]

    def lines(self) -> list[str]:
        """Everything until it ends by itself, which must be a good end."""
        found = []
        while (line := self._lines.get(timeout=self.wait_s)) is not None:
            found.append(line)
        code = self.process.wait(WAIT_S)
        self._readers[1].join(WAIT_S)
        assert code == 0, "".join(self.errors)
        return found

    def end(self) -> None:
        self.process.kill()
        self.process.wait(WAIT_S)
        for reader in self._readers:
            reader.join(WAIT_S)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line)


@dataclass
class Programs:
    """`run(access, "say(await api.me())")` is what it said at the end."""

    place: Path
    built: Built
    wait_s: float = WAIT_S
    started: list[Program] = field(default_factory=list)

    def begin(self, access: Access, code: str, *, head: str = HEAD, **more: Any) -> Program:
        file = self.place / f"program{len(self.started)}.mjs"
        file.write_text(head + code, encoding="utf-8")
        modules = self.place / "node_modules"
        if not modules.exists():
            modules.symlink_to(self.built.app / "node_modules")
        program = Program(file, access, wait_s=self.wait_s, **more)
        self.started.append(program)
        return program

    def run(self, access: Access, code: str, **more: Any) -> Any:
        return self.begin(access, code, **more).rest()[-1]

    def end(self) -> None:
        for program in self.started:
            program.end()


Run = Callable[..., Any]
