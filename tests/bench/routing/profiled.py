"""The ACD with a profiler in its process, for `BENCH_PROFILE`: nothing of it is in the service.

`stacks`: at every millisecond of the process's processor time, the processor time that each Python thread has
used since is put down to where it stands. True proportions, blind to what C functions do.
`calls`: cProfile on the event loop's thread. Sees C functions; makes everything dearer, small calls most.

SIGUSR1 begins, SIGUSR2 ends and writes to `BENCH_PROFILE_TO`.
"""

from __future__ import annotations

import cProfile
import json
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

from services.acd.__main__ import main

INTERVAL_S = 0.001


class Stacks:
    """Processor time by place, of each thread."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._clocks: dict[int, tuple[str, int]] = {}
        self._seen: dict[int, float] = {}
        self._process_s = 0.0

    def begin(self) -> None:
        for thread in threading.enumerate():
            if thread.ident is not None:
                clock = time.pthread_getcpuclockid(thread.ident)
                self._clocks[thread.ident] = (thread.name, clock)
                self._seen[thread.ident] = time.clock_gettime(clock)
        self._process_s = time.process_time()
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        frames = sys._current_frames()
        for ident, (name, clock) in self._clocks.items():
            now = time.clock_gettime(clock)
            spent, self._seen[ident] = now - self._seen[ident], now
            if spent > 0:
                standing = frame if ident == threading.get_ident() else frames.get(ident)
                self._add(name, standing, spent)

    def _add(self, thread: str, frame: FrameType | None, spent: float) -> None:
        places = []
        while frame is not None:
            places.append(place(frame))
            frame = frame.f_back
        self.spent[";".join([thread, *reversed(places)])] += spent

    def end(self, to: Path) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        process_s = time.process_time() - self._process_s
        to.write_text(json.dumps({"process_s": process_s, "stacks": self.spent}))


def place(frame: FrameType) -> str:
    code = frame.f_code
    path = code.co_filename.rpartition("site-packages/")[2]
    path = path.partition("/bench/")[2] or path
    return f"{path}:{code.co_qualname}"


class Calls:
    """cProfile, on whichever thread begins."""

    def __init__(self) -> None:
        self._profile = cProfile.Profile()

    def begin(self) -> None:
        self._profile.enable()

    def end(self, to: Path) -> None:
        self._profile.disable()
        self._profile.dump_stats(to)


def run() -> None:
    kind = Stacks() if os.environ["BENCH_PROFILE"] == "stacks" else Calls()
    to = Path(os.environ["BENCH_PROFILE_TO"])
    signal.signal(signal.SIGUSR1, lambda *_: kind.begin())
    signal.signal(signal.SIGUSR2, lambda *_: kind.end(to))
    main()


if __name__ == "__main__":
    run()
