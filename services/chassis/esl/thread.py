"""The thread in which greenswitch and gevent live."""

from __future__ import annotations


class EslThread:
    """One per process: carries all links and the outbound servers. `role` is the metrics' label."""

    def __init__(self, role: str = "") -> None:
        self.role = role

    def start(self) -> None:
        """Starts the thread for the running event loop."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Ends every connection and the thread."""
        raise NotImplementedError
