"""What a controller asks of one channel: sendmsg, queued until the channel gets to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from freeswitch.simulator.protocol import Command


@dataclass(slots=True)
class Order:
    """One sendmsg, queued on a channel."""

    verb: str
    app: str = ""
    arg: str = ""
    event_uuid: str = ""
    loops: int = 1
    lock: bool = False
    lock_first: bool = False
    cause: str = ""
    lead_ms: int = 0
    done: asyncio.Future[None] | None = None

    @classmethod
    def of(cls, command: Command) -> Order:
        loops = command.get("loops", "1")
        arg = command.get("execute-app-arg")
        if not arg and command.get("content-type") == "text/plain":
            arg = command.body
        return cls(
            verb=command.get("call-command"),
            app=command.get("execute-app-name"),
            arg=arg,
            event_uuid=command.get("event-uuid"),
            loops=int(loops) if loops.lstrip("-").isdigit() else 1,
            lock=command.get("event-lock").lower() == "true",
            lock_first=command.get("event-lock-pri").lower() == "true",
            cause=command.get("hangup-cause"),
        )

    def settle(self) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(None)
