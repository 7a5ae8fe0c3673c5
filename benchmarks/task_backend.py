"""A Celery worker on Redis beside ``copyleaks_worker``, with as many threads, where the account is no limit.

Needs a Redis server, and one of PostgreSQL.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

from django.core.management import call_command

from benchmarks.archives import postgresql
from benchmarks.drain import DELAY
from benchmarks.figures import Figure, Unavailable
from benchmarks.local_copyleaks import local_copyleaks
from benchmarks.workers import SCANS, environment_of, submitted_per_second, worker

BROKER = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/12")
THREADS = 16
_CELERY_WORKER = (
    *("celery", "-A", "benchmarks.site.celery", "worker", "--pool", "threads", "--concurrency", str(THREADS)),
    *("--prefetch-multiplier", "1", "--without-gossip", "--without-mingle", "--without-heartbeat"),
)


def measure() -> Iterator[Figure]:
    with _queue() as (app, queue), postgresql():
        call_command("migrate", run_syncdb=True, verbosity=0)
        with local_copyleaks("--answer-delay", str(DELAY)) as copyleaks:
            environment = environment_of(copyleaks, SITE_BROKER=BROKER, SITE_QUEUE=queue)
            ours = submitted_per_second([worker(THREADS)], SCANS, environment=environment)
            celery = submitted_per_second(
                [_CELERY_WORKER], SCANS, environment=environment, send=partial(_send, app, queue)
            )
    yield Figure(name="task_backend_worker_per_second", value=ours, better="higher", unit="/s")
    yield Figure(name="task_backend_celery_per_second", value=celery, better="higher", unit="/s")
    yield Figure(name="task_backend_celery_vs_worker", value=celery / ours, goal=0.9, better="higher", unit="×")


@contextmanager
def _queue() -> Iterator[tuple[Any, str]]:
    """Provide a Celery app and a queue of its own, which is removed in the end. Raises :class:`Unavailable`."""
    try:
        from celery import Celery  # noqa: PLC0415 - the other benchmarks do not need it
        from redis import Redis, RedisError  # noqa: PLC0415
    except ImportError:
        raise Unavailable("celery is not installed with redis") from None
    queue = f"benchmarks-{uuid4().hex}"
    with Redis.from_url(BROKER) as redis:
        try:
            redis.ping()
        except RedisError as error:
            raise Unavailable(f"Redis does not answer at {BROKER}: {error}") from None
        try:
            with Celery("benchmarks", broker=BROKER, set_as_current=False) as app:
                yield app, queue
        finally:
            # What was noted about the queue is left behind by everybody who has used it.
            redis.delete(*redis.scan_iter(f"*{queue}*"), "_kombu.binding_deadlines")


def _send(app: Any, queue: str, scan_ids: Sequence[str]) -> None:
    for scan_id in scan_ids:
        app.send_task("copyleaks_image.work_on_scan", (scan_id,), queue=queue)
