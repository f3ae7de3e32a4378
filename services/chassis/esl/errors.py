"""What can go wrong between us and a switch. Each name is a decision for whoever gets it."""

from __future__ import annotations


class EslError(Exception):
    """Base of all errors of a conversation with a switch."""


class CommandFailed(EslError):
    """The switch understood and refused: `-ERR …` or `-USAGE …`. An ordinary answer, not a fault.

    `reply` is its whole answer, without the line end. "No such channel" means that the call is gone.
    """

    def __init__(self, verb: str, reply: str) -> None:
        super().__init__(f"{verb}: the switch answered {reply[:200]!r}")
        self.verb = verb
        self.reply = reply


class LinkLost(EslError):
    """There is no connection, or it ended before the answer came.

    Whether the command was carried out is then unknown: wait for the next `LinkUp` and ask the switch.
    """

    def __init__(self, peer: str, reason: str) -> None:
        super().__init__(f"{peer}: {reason}")
        self.peer = peer
        self.reason = reason


class NotPermitted(EslError):
    """The link's owner may not command this switch any more. Nothing was sent."""

    def __init__(self, peer: str) -> None:
        super().__init__(f"{peer}: we may not command this switch at the moment")
        self.peer = peer


class CommandTimedOut(EslError):
    """No answer within `timeout_s` seconds; whether it was carried out is unknown.

    When the *reply* is missing (not merely a job's result), the connection is replaced, because replies
    match by order only.
    """

    def __init__(self, verb: str, timeout_s: float) -> None:
        super().__init__(f"{verb}: no answer within {timeout_s:g} s")
        self.verb = verb
        self.timeout_s = timeout_s


class TooManyCommands(EslError):
    """More commands wait for an answer than the settings allow. Nothing was sent: slow down, then retry."""

    def __init__(self, peer: str, limit: int) -> None:
        super().__init__(f"{peer}: {limit} commands wait for an answer already")
        self.limit = limit


class ProtocolError(EslError):
    """What the peer sent is no ESL, or larger than we accept. The connection is closed and replaced."""
