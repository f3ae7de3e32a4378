"""Accepts connections in the gevent thread, without polling (12)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import gevent
from gevent import socket

from services.chassis.esl.lane import Lane

ACCEPT_PAUSE_S = 0.05  # out of file descriptors: calls end, and then we go on

_log = logging.getLogger(__name__)


class Listener:
    """One listening socket. `accepted(sock)` is called in the event loop."""

    def __init__(
        self, host: str, port: int, backlog: int, lane: Lane, accepted: Callable[[Any], None]
    ) -> None:
        self._host = host
        self._port = port
        self._backlog = backlog
        self._lane = lane
        self._accepted = accepted
        self._sock: Any = None
        self._open = False

    def listen(self, result: Future[int]) -> None:
        """In the hub: binds; `result` gets the port, or OSError."""
        try:
            self._sock = self._bound()
        except OSError as problem:
            result.set_exception(problem)
            return
        self._open = True
        result.set_result(self._sock.getsockname()[1])
        gevent.spawn(self._accept)

    def _bound(self) -> Any:
        # Not socket.create_server: gevent re-exports the standard one, whose accept would stop the hub.
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self._host, self._port))
            sock.listen(self._backlog)
        except OSError:
            sock.close()
            raise
        return sock

    def close(self) -> None:
        """In the hub: no more calls."""
        self._open = False
        if self._sock is not None:
            self._sock.close()

    def _accept(self) -> None:
        while self._open:
            try:
                sock, _ = self._sock.accept()
            except OSError as problem:
                if self._open:
                    _log.error("esl_accept_failed", extra={"reason": str(problem)})
                    gevent.sleep(ACCEPT_PAUSE_S)
                continue
            self._lane.put(self._accepted, sock)
            self._lane.wake()
