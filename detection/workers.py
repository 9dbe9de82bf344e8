"""Background work that an application hands out, and that nothing of it takes up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from detection.model import DetectedService


@dataclass(frozen=True, slots=True)
class Queue:
    """A library by what it is required as, and the command that works."""

    name: str
    command: str


QUEUES = (
    Queue("celery", "celery -A PACKAGE worker"),
    Queue("rq", "rq worker"),
    Queue("dramatiq", "dramatiq MODULE"),
    Queue("sidekiq", "bundle exec sidekiq"),
    Queue("resque", "bundle exec rake resque:work"),
    Queue("good_job", "bundle exec good_job start"),
)


def unstarted(
    services: tuple[DetectedService, ...], dependencies: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    """A warning for each queue of a server whose tasks would wait for ever."""
    servers = (s for s in services if s.process == "web" and s.can_start)
    # What an own Dockerfile starts besides is its own affair.
    built_here = (s for s in servers if not s.dockerfile_path and not s.image)
    for path in dict.fromkeys(s.path for s in built_here):
        required = dependencies.get(path, frozenset())
        commands = " ".join(s.start_command or "" for s in services)
        for queue in QUEUES:
            if queue.name in required and queue.name not in commands:
                where = "" if path == "." else f"{path}: "
                yield (
                    f"{where}{queue.name} is required, and nothing starts a worker:"
                    f" add `worker: {queue.command}` to a Procfile"
                )
