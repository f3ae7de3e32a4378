"""Programs a test starts: output into a file, stopped by pid, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

STOP_S = 10  # then it is killed: a phone or a switch that cannot stop must not stop the tests


class Process:
    def __init__(
        self, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        with log.open("wb") as out:
            self._popen = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
                env={**os.environ, **(env or {})},
                start_new_session=True,  # Ctrl-C stops the test, and the test stops its programs
            )

    @property
    def exit_status(self) -> int | None:
        return self._popen.poll()

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def must_run(self) -> None:
        if self.exit_status is not None:
            raise RuntimeError(f"ended with {self.exit_status}: {self.output()[-2000:]}")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It does and sends nothing, as if its network were away."""
        self._popen.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._popen.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """At once, for a program that has nothing to keep."""
        self._popen.kill()
        self._popen.wait()

    def stop(self) -> None:
        if self.exit_status is not None:
            return
        self._popen.terminate()
        try:
            self._popen.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
