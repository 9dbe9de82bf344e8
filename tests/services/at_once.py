"""Several threads that do the same at the same moment, each with a connection of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Result = TypeVar("Result")


def at_once(*works: Callable[[], Result]) -> list[Result]:
    """Their results, in the order of the works; an error of one of them is raised."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Result]) -> Result:
        try:
            start.wait(timeout=10)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(works)) as pool:
        return list(pool.map(run, works))


def outcomes(
    works: Sequence[Callable[[], Result]], *, refusal: type[Exception]
) -> list[Result | Exception]:
    """Like `at_once`, with the expected refusals among the results."""

    def attempt(work: Callable[[], Result]) -> Result | Exception:
        try:
            return work()
        except refusal as exc:
            return exc

    return at_once(*(lambda work=work: attempt(work) for work in works))
