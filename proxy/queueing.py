"""The render threads and their queue: bounded, and fair between services.

Waiting work is taken in turn from the services that have some, so that one service with many slow pictures
does not hold up the others. When the queue is full, a service that has little in it takes the place of the
newest work of the one that has most.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from proxy import metrics
from proxy.errors import QueueFull

T = TypeVar("T")

#: Longest that a caller who is turned away is told to wait, in seconds.
LONGEST_RETRY = 30
#: Weight of the newest render in the mean time of one.
_NEWEST = 0.1


class _Job:
    __slots__ = ("future", "limit", "queued", "service", "work")

    def __init__(self, service: str, limit: int, work: Callable[[], Any]) -> None:
        self.service, self.limit, self.work = service, limit, work
        self.future: Future[Any] = Future()
        self.queued = time.perf_counter()


class FairPool:
    """At most `threads` threads, started as they are needed, over a queue of at most `room` jobs.

    Args:
        threads: jobs at work at a time.
        room: jobs that may wait.
    """

    def __init__(self, threads: int, room: int) -> None:
        self.threads, self.room = threads, room
        self._queues: OrderedDict[str, deque[_Job]] = OrderedDict()
        self._waiting = 0
        self._at_work: Counter[str] = Counter()
        self._started = 0
        self._idle = 0
        self._closing = False
        self._mean = 0.0
        # Reentrant: a future that is cancelled under the lock calls back into the pool.
        self._change = threading.Condition(threading.RLock())

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return self._waiting

    @property
    def running(self) -> int:
        """Jobs at work."""
        return self._at_work.total()

    @property
    def retry_after(self) -> int:
        """Seconds after which the queue will have become shorter, going by the mean job."""
        return max(1, min(LONGEST_RETRY, math.ceil(self._waiting * self._mean / self.threads)))

    def submit(
        self, service: str, function: Callable[..., T], *args: object, limit: int | None = None
    ) -> Future[T]:
        """Do a job as soon as its turn comes. A future that is cancelled in time leaves the queue.

        Args:
            limit: jobs of this service at work at a time; the pool's threads when absent.

        Raises:
            QueueFull: too much is waiting, this service's work among it.
        """
        job = _Job(service, limit or self.threads, lambda: function(*args))
        with self._change:
            dropped = self._room_for(service)
            self._queues.setdefault(service, deque()).append(job)
            self._waiting += 1
            self._change.notify()
            # A thread that was notified a moment ago still counts as idle.
            if self._waiting > self._idle and self._started < self.threads:
                self._started += 1
                threading.Thread(target=self._work, name="render", daemon=True).start()
        job.future.add_done_callback(lambda done: self._leave(job) if done.cancelled() else None)
        if dropped is not None:
            dropped.future.set_exception(QueueFull(self.retry_after))
        return job.future

    def close(self, seconds: float | None = None) -> bool:
        """Drop what waits and wait for what runs, at most so long. False where something still runs."""
        with self._change:
            self._closing = True
            waiting = [job for queue in self._queues.values() for job in queue]
            self._change.notify_all()
        for job in waiting:
            job.future.cancel()
        with self._change:
            return self._change.wait_for(lambda: not self._at_work.total(), seconds)

    def _room_for(self, service: str) -> _Job | None:
        """Nothing while there is room; else a job of the longest queue that is to be turned away."""
        if self._closing:
            raise QueueFull(LONGEST_RETRY)
        if self._waiting < self.room:
            return None
        longest = max(self._queues.values(), key=len)
        if len(longest) <= len(self._queues.get(service, ())) + 1:
            raise QueueFull(self.retry_after)
        job = longest.pop()
        self._waiting -= 1
        return job if job.future.set_running_or_notify_cancel() else None

    def _leave(self, job: _Job) -> None:
        with self._change:
            queue = self._queues.get(job.service)
            if queue is not None and job in queue:
                queue.remove(job)
                self._waiting -= 1
                self._tidy(job.service)

    def _tidy(self, service: str) -> None:
        if not self._queues[service]:
            del self._queues[service]

    def _next(self) -> _Job | None:
        for service, queue in self._queues.items():
            if queue and self._at_work[service] < queue[0].limit:
                job = queue.popleft()
                self._waiting -= 1
                self._queues.move_to_end(service)
                self._tidy(service)
                return job
        return None

    def _work(self) -> None:
        while (job := self._taken()) is not None:
            started = time.perf_counter()
            metrics.stage("queue", started - job.queued)
            try:
                result = job.work()
            except BaseException as error:
                self._done(job, started)
                job.future.set_exception(error)
            else:
                self._done(job, started)
                job.future.set_result(result)
                del result
            # Nothing of the last job may be kept while waiting for the next.
            del job

    def _taken(self) -> _Job | None:
        with self._change:
            while not self._closing:
                job = self._next()
                if job is None:
                    self._idle += 1
                    self._change.wait()
                    self._idle -= 1
                elif job.future.set_running_or_notify_cancel():
                    self._at_work[job.service] += 1
                    return job
            return None

    def _done(self, job: _Job, started: float) -> None:
        seconds = time.perf_counter() - started
        with self._change:
            self._mean = seconds if not self._mean else self._mean + _NEWEST * (seconds - self._mean)
            self._at_work[job.service] -= 1
            if not self._at_work[job.service]:
                del self._at_work[job.service]
            # Work of this service may have waited for its limit, and `close` for the end of all work.
            self._change.notify(self.threads + 1 if self._closing else 1)
