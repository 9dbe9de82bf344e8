"""Several lists of stages at the same time: what computes beside what waits."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack

from tests.runner import run as runs
from tests.runner.programs import Programs
from tests.runner.report import Report
from tests.runner.stages import Lane


def run_lanes(lanes: Sequence[Lane], report: Report) -> None:
    """Each lane to its end, whatever happens in the others; what they came to is in `report`.

    A lane has a run of its own: other ports, folders, labels and marks than the others.
    """
    programs = Programs()
    with ExitStack() as begun, ThreadPoolExecutor(len(lanes)) as pool:
        reports = [
            Report(begun.enter_context(runs.begin()), report.machine, lane, programs)
            for lane in lanes
        ]
        try:
            working = [pool.submit(own.all_of_the_lane) for own in reports]
            wait(working)
        except BaseException:
            # Ctrl-C and SIGTERM, in the main thread: the lanes end with their programs.
            programs.stop()
            report.machine.stop()
            raise
        report.include(reports)
        for done in working:
            done.result()
