"""`python -m kyozo.platform.worker --queue NAME`: a process that carries operations out.

The workers of `lifecycle` also follow the engine's events and answer at the desk. Any number of
each may run: a claim in the database says who has a service.
"""

import argparse
import gc
import logging
import os
import sys
import threading

from kyozo.platform import part, pulse

QUEUES = ("lifecycle", "builds")
# After TERM; what is not finished by then is handed back. Below the `stop_grace_period` of compose.
FINISH_S = 25.0

log = logging.getLogger("kyozo.platform")


def main(arguments: list[str]) -> int:
    """Until TERM or INT; returns only when the worker ended by itself."""
    parser = argparse.ArgumentParser(prog="python -m kyozo.platform.worker", description=__doc__)
    parser.add_argument("--queue", choices=QUEUES, required=True)
    parser.add_argument("--finish", type=float, default=FINISH_S, metavar="SECONDS")
    options = parser.parse_args(arguments)
    queue, finish_s = str(options.queue), float(options.finish)
    part.begin(desk=queue == "lifecycle", KYOZO_ROUTER="external")
    from kyozo.platform.worker_run import Work  # noqa: PLC0415 - when Django is set up

    work = Work(queue)
    told = part.when_told_to_end(lambda: None)
    work.start()
    pulse.keep(queue, work.trouble)
    gc.collect()
    gc.freeze()
    log.info("the queue %s is worked on", queue)
    while not told.wait(1.0):
        if not work.is_alive:
            log.error("the worker ended by itself")
            return 1
    done = threading.Thread(target=work.stop, args=(finish_s,), name="stop", daemon=True)
    done.start()
    done.join(finish_s + 5)
    logging.shutdown()
    # Threads that still work would hold up a usual exit; what they did was handed back.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
