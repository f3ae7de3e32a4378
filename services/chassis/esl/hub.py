"""The gevent side's heart: one hub in one daemon thread. Nothing is monkey-patched."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event as GreenEvent

from services.chassis.esl.settings import BATCH_CAP

START_TIMEOUT_S = 5.0
STOP_TIMEOUT_S = 5.0

_log = logging.getLogger(__name__)


class Hub:
    """Runs calls from other threads in its own. A call must not block: it spawns a greenlet instead."""

    def __init__(self) -> None:
        self._calls: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._running = threading.Event()
        self._waker: Any = None
        self._over: Any = None
        self._thread = threading.Thread(target=self._run, name="esl", daemon=True)

    def start(self) -> None:
        """Begins; returns when the hub turns."""
        self._thread.start()
        if not self._running.wait(START_TIMEOUT_S):
            raise RuntimeError("the ESL thread did not start")

    def submit(self, call: Callable[..., None], *args: Any) -> None:
        """From any thread: `call(*args)` in the hub, in the order of the submissions."""
        self._calls.append((call, args))
        if self._waker is not None:
            self._waker.send()

    def stop(self) -> None:
        """From another thread: ends the hub after what was submitted. Blocks, bounded."""
        self.submit(lambda: self._over.set())
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            _log.error("esl_thread_stuck")

    def _run(self) -> None:
        hub = gevent.get_hub()
        self._over = GreenEvent()
        waker = hub.loop.async_()
        waker.start(self._carry_out)  # a started watcher, or an idle hub ends with LoopExit
        self._waker = waker
        self._running.set()
        waker.send()
        self._over.wait()
        self._waker = None
        waker.stop()
        waker.close()
        hub.destroy(destroy_loop=True)

    def _carry_out(self) -> None:
        calls = self._calls
        for _ in range(min(len(calls), BATCH_CAP)):
            call, args = calls.popleft()
            try:
                call(*args)
            except Exception:
                _log.exception("esl_call_failed")
        if calls and self._waker is not None:
            self._waker.send()
