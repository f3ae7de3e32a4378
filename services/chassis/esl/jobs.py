"""Background jobs: each has an id of ours, by which its BACKGROUND_JOB event is known among all others."""

from __future__ import annotations

import asyncio
from functools import partial

from services.chassis.esl.commands import Command
from services.chassis.esl.connection import Connection, Reply, answer, seen
from services.chassis.esl.errors import CommandTimedOut, EslError
from services.chassis.esl.event import Event
from services.chassis.esl.metrics import TIMEOUTS
from services.chassis.ids import new_id


class Jobs:
    """Those of one link. Bounded by the connection's `command_limit`, which counts running jobs too."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._running: dict[str, asyncio.Future[Event]] = {}

    def begin(
        self,
        connection: Connection,
        command: Command,
        timeout_s: float | None,
        caused_by: Event | None,
        *,
        guarded: bool = False,
    ) -> asyncio.Future[Event]:
        """Sends it; the future brings its event. Raises as `Connection.request`."""
        connection.check_room(len(self._running))
        job_id = new_id()
        text = f"bgapi {command.text}\nJob-UUID: {job_id}"
        accepted = connection.request(text, command.verb, caused_by=caused_by, guarded=guarded)
        job: asyncio.Future[Event] = connection.loop.create_future()
        self._running[job_id] = job
        connection.expecting = len(self._running)
        limit_s = timeout_s or self._timeout_s
        timer = connection.loop.call_later(limit_s, self._late, job_id, command.verb, limit_s)
        job.add_done_callback(partial(self._over, connection, job_id, timer))
        accepted.add_done_callback(partial(self._accepted, job, command.verb))
        return job

    def finish(self, event: Event) -> asyncio.Future[Event] | None:
        """The job whose result this is, now done; None when nobody waits for it here."""
        job = self._running.get(event.get("Job-UUID"))
        if job is None or job.done():
            return None
        job.set_result(event)
        return job

    def fail(self, problem: EslError) -> None:
        """None of the running ones will be heard of again."""
        for job in list(self._running.values()):
            _fail(job, problem)

    def _late(self, job_id: str, verb: str, limit_s: float) -> None:
        TIMEOUTS.labels("job").inc()
        _fail(self._running[job_id], CommandTimedOut(verb, limit_s))

    def _over(
        self, connection: Connection, job_id: str, timer: asyncio.TimerHandle, job: asyncio.Future[Event]
    ) -> None:
        seen(job)
        timer.cancel()
        self._running.pop(job_id, None)
        connection.expecting = len(self._running)

    def _accepted(self, job: asyncio.Future[Event], verb: str, accepted: asyncio.Future[Reply]) -> None:
        try:
            answer(verb, accepted.result())
        except EslError as problem:
            _fail(job, problem)


def _fail(job: asyncio.Future[Event], problem: EslError) -> None:
    if not job.done():
        job.set_exception(problem)
