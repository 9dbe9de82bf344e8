"""What Python source says, by syntax tree: application objects, imports, settings."""

import ast
import re
import sys
import warnings
from dataclasses import dataclass
from functools import lru_cache

_IMPORT_LINE = re.compile(
    r"^[ \t]*+(?:from[ \t]++([\w.]++)[ \t]++import|import[ \t]++([\w.]++))", re.MULTILINE
)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_FACTORY = re.compile(r"^(create|make|get|build)_(app|application|api)$")


@dataclass(frozen=True, slots=True)
class Call:
    """`variable = Name(...)` at the top of a module, or inside the factory named `variable`."""

    name: str
    variable: str
    line: int
    is_factory: bool = False


@dataclass(frozen=True, slots=True)
class Module:
    """The few facts about one file that detection needs."""

    imports: frozenset[str] = frozenset()
    calls: tuple[Call, ...] = ()
    assigned: tuple[str, ...] = ()
    has_main: bool = False
    callables: tuple[tuple[str, str], ...] = ()
    """Functions that are applications by their arguments: the name, and `wsgi` or `asgi`."""
    is_parsed: bool = False


@lru_cache(maxsize=256)
def read_module(source: str) -> Module:
    """Facts of a module; by lines only where this Python cannot parse it (Python 2, templates)."""
    tree = parse(source)
    if tree is None:
        return Module(imported_names(source), has_main="__main__" in source)
    return Module(
        imports=_imports(tree),
        calls=tuple(_calls(tree)),
        assigned=tuple(_assigned(tree.body)),
        has_main=any(is_main(node) for node in tree.body),
        callables=tuple(_callables(tree)),
        is_parsed=True,
    )


def parse(source: str) -> ast.Module | None:
    """The syntax tree, or None for what this Python cannot parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _imports(tree: ast.Module) -> frozenset[str]:
    """Top-level names of absolute imports, wherever in the file they are."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        # Statements only: most of a tree is expressions, and nothing in those imports.
        for block in _BLOCKS:
            waiting.extend(getattr(node, block, ()))
    return frozenset(found)


def imported_names(source: str) -> frozenset[str]:
    """As `Module.imports` by lines: fast, and not fooled by much but text that looks like code."""
    return frozenset((m[1] or m[2]).split(".")[0] for m in _IMPORT_LINE.finditer(source))


def _calls(tree: ast.Module) -> list[Call]:
    found: list[Call] = []
    for node in _top_level(tree.body):
        if isinstance(node, ast.FunctionDef) and _FACTORY.match(node.name):
            inner = (n for n in ast.walk(node) if isinstance(n, ast.Call))
            found.extend(
                Call(_name(n.func), node.name, node.lineno, is_factory=True) for n in inner
            )
        for variable, value in _bindings(node):
            if isinstance(value, ast.Call):
                found.append(Call(_name(value.func), variable, node.lineno))
    return found


_INTERFACES = {
    (ast.FunctionDef, ("environ", "start_response")): "wsgi",
    (ast.AsyncFunctionDef, ("scope", "receive", "send")): "asgi",
}


def _callables(tree: ast.Module) -> list[tuple[str, str]]:
    functions = (n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    known = ((f.name, _INTERFACES.get((type(f), _arguments(f)))) for f in functions)
    return [(name, interface) for name, interface in known if interface]


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    return tuple(argument.arg for argument in function.args.args)


def _top_level(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements of the module, and those under its top-level if, try and with."""
    found: list[ast.stmt] = []
    for node in body:
        found.append(node)
        if isinstance(node, ast.If | ast.Try | ast.With) and not is_main(node):
            found.extend(_top_level(node.body))
    return found


def _assigned(body: list[ast.stmt]) -> list[str]:
    return [variable for node in _top_level(body) for variable, _ in _bindings(node)]


def _bindings(node: ast.stmt) -> list[tuple[str, ast.expr]]:
    """`a = b = value`, `a, rt = value` and `a: T = value`, as (name, value)."""
    if isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
        return [(node.target.id, node.value)]
    if not isinstance(node, ast.Assign):
        return []
    names = [t.elts[0] if isinstance(t, ast.Tuple) and t.elts else t for t in node.targets]
    return [(name.id, node.value) for name in names if isinstance(name, ast.Name)]


def _name(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


def is_main(node: ast.AST) -> bool:
    if not (isinstance(node, ast.If) and isinstance(node.test, ast.Compare)):
        return False
    sides = [node.test.left, *node.test.comparators]
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)


def third_party(imports: frozenset[str], local: frozenset[str]) -> list[str]:
    """Imports that neither the standard library nor the folder itself can satisfy."""
    return sorted(imports - sys.stdlib_module_names - local - {"__future__"})
