"""`python -m tests.faults.worker`: the platform's own workers, clock and engine watch in a process
without a face, to be killed and stopped."""

import django


def main() -> None:
    django.setup()
    # They read the settings, which are there only now.
    from django.conf import settings  # noqa: PLC0415

    from kyozo.celery import app  # noqa: PLC0415
    from kyozo.platform.workers import EmbeddedWorkers  # noqa: PLC0415
    from services.monitoring import watch  # noqa: PLC0415

    threads = settings.KYOZO["WORKER_THREADS"] + settings.KYOZO["BUILD_CONCURRENCY"]
    EmbeddedWorkers(app, queues=["builds", "lifecycle"], threads=threads).start()
    print("ready", flush=True)  # noqa: T201 - for who reads its log
    watch.run(lambda: False)


if __name__ == "__main__":
    main()
