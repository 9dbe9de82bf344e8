"""`python -m kyozo.platform.clock`: wakes the workers for what is due. Two of it do no harm."""

import logging
from typing import Any

from kyozo.platform import part, pulse

PART = "clock"


def main() -> None:
    part.begin(KYOZO_RUNTIME="remote", KYOZO_ROUTER="external")
    from celery.beat import Scheduler, Service  # noqa: PLC0415 - when Django is set up

    from kyozo.celery import app  # noqa: PLC0415

    class Clock(Scheduler):
        """Kept in memory; its pulse is that it ticks and that what it sends arrives."""

        def tick(self, *args: Any, **kwargs: Any) -> Any:
            waits_s = super().tick(*args, **kwargs)
            pulse.beat(PART)
            return waits_s

    service = Service(app, max_interval=1, scheduler_cls=Clock)
    part.when_told_to_end(service.stop)
    logging.getLogger("kyozo.platform").info("the clock ticks")
    service.start()


if __name__ == "__main__":
    main()
