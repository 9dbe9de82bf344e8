"""What one check of `kyozo doctor` says."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """`fix` says what to do; empty where nothing needs to be done."""

    name: str
    state: State
    text: str
    fix: str = ""


def ok(name: str, text: str) -> Finding:
    return Finding(name, State.OK, text)


def warn(name: str, text: str, fix: str = "") -> Finding:
    return Finding(name, State.WARN, text, fix)


def fail(name: str, text: str, fix: str) -> Finding:
    return Finding(name, State.FAIL, text, fix)
