"""Talking with FreeSWITCH: asyncio outside, greenswitch in a thread of its own inside.

The only place that knows greenswitch and gevent. `commands` is the only place that builds what is sent.
"""

from services.chassis.esl import commands
from services.chassis.esl.commands import App, Command, UnsafeArgument
from services.chassis.esl.errors import (
    CommandFailed,
    CommandTimedOut,
    EslError,
    LinkLost,
    NotPermitted,
    ProtocolError,
    TooManyCommands,
)
from services.chassis.esl.event import EslNode, Event, LinkDown, LinkUp
from services.chassis.esl.link import Link
from services.chassis.esl.outbound import OutboundCall, OutboundServer
from services.chassis.esl.settings import LinkSettings, OutboundSettings, WireSettings
from services.chassis.esl.thread import EslThread

__all__ = [
    "App",
    "Command",
    "CommandFailed",
    "CommandTimedOut",
    "EslError",
    "EslNode",
    "EslThread",
    "Event",
    "Link",
    "LinkDown",
    "LinkLost",
    "LinkSettings",
    "LinkUp",
    "NotPermitted",
    "OutboundCall",
    "OutboundServer",
    "OutboundSettings",
    "ProtocolError",
    "TooManyCommands",
    "UnsafeArgument",
    "WireSettings",
    "commands",
]
