"""Flask's debugger, with which a visitor runs code: where it would start, so that it does not."""

import ast
from dataclasses import dataclass
from functools import lru_cache

from detection.finding import Notes
from detection.parsing import parse_env
from detection.providers.python_files import is_main, parse

# A main block's own way to start listens to this before it looks at what the code set.
OFF = "FLASK_DEBUG=0 "
# Makes `app.run()` do nothing, as below Flask's own command.
NO_RUN = "FLASK_RUN_FROM_CLI=true "
# The frameworks whose `run` has that debugger.
DEBUGGED = frozenset({"flask", "dash"})
_FILES = (".flaskenv", ".env")
_SWITCHES = frozenset({"debug", "use_debugger", "use_evalex"})
_NO = frozenset({"", "0", "false", "no", "off"})
# `app.run(host, port, debug)`.
_BEFORE_DEBUG = 2
_OTHERS = frozenset({"asyncio", "subprocess", "uvicorn", "anyio", "trio", "typer", "web", "mcp"})


@dataclass(frozen=True, slots=True)
class Run:
    """One `app.run(...)`: `is_guarded` where importing the module does not come by it."""

    call: ast.Call
    is_guarded: bool

    @property
    def may_debug(self) -> bool:
        """What is not plainly off may be on."""
        given = self.call.args[_BEFORE_DEBUG:]
        unknown = any(isinstance(argument, ast.Starred) for argument in self.call.args)
        switches = [k.value for k in self.call.keywords if k.arg is None or k.arg in _SWITCHES]
        return unknown or any(not _is_off(value) for value in [*given[:1], *switches])


@lru_cache(maxsize=8)
def runs(source: str) -> tuple[Run, ...]:
    """Every `run` of an application in a module, in its order."""
    tree = parse(source) if ".run" in source else None
    found: list[Run] = []
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)] if tree else []
    while waiting:
        node, is_guarded = waiting.pop()
        if isinstance(node, ast.Call) and _is_run(node):
            found.append(Run(node, is_guarded))
        inside = is_guarded or isinstance(node, ast.FunctionDef | ast.Lambda) or is_main(node)
        waiting.extend((child, inside) for child in ast.iter_child_nodes(node))
    return tuple(sorted(found, key=lambda run: run.call.lineno))


def _is_run(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in {"run", "run_server"}:
        return False
    owner = call.func.value
    return not (isinstance(owner, ast.Name) and owner.id in _OTHERS)


def _is_off(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and not value.value


def runs_when_imported(source: str) -> bool:
    """Whether a server that imports the module would come by a `run`, on which it would hang."""
    return any(not run.is_guarded for run in runs(source))


def warn_of_debugger(notes: Notes, file: str) -> None:
    """One warning a place that asks for it; nothing that Kyozo starts has it."""
    source = notes.place.source(file)
    asking = [f"{file}:{run.call.lineno}" for run in runs(source) if run.may_debug]
    asking += [f"{file}:{line}" for line in _assigned(source)]
    for name in _FILES:
        known = parse_env(notes.place.source(name))
        is_on = known.get("FLASK_DEBUG", "").lower() not in _NO
        if is_on or known.get("FLASK_ENV") == "development":
            asking.append(name)
    for place in dict.fromkeys(asking):
        notes.warn(
            f"{place} asks for Flask's debugger, with which visitors run code: started without it"
        )


def _assigned(source: str) -> list[int]:
    """Lines such as `app.debug = True` and `app.config["DEBUG"] = True`."""
    tree = parse(source) if "debug" in source.lower() else None
    assignments = (n for n in ast.walk(tree) if isinstance(n, ast.Assign)) if tree else ()
    return [
        node.lineno
        for node in assignments
        if not _is_off(node.value) and any(_is_switch(target) for target in node.targets)
    ]


def _is_switch(target: ast.expr) -> bool:
    if isinstance(target, ast.Attribute):
        return target.attr == "debug"
    key = target.slice if isinstance(target, ast.Subscript) else None
    return isinstance(key, ast.Constant) and key.value == "DEBUG"
