"""Every call offered, as the switch saw it: the source of truth for the demo's balance."""

from __future__ import annotations

import itertools
from collections import Counter, OrderedDict
from dataclasses import asdict, dataclass
from typing import Any

from freeswitch.simulator.channels import Channel, micros

REFUSING = frozenset(
    (
        "CALL_REJECTED",
        "USER_BUSY",
        "UNALLOCATED_NUMBER",
        "INVALID_NUMBER_FORMAT",
        "NORMAL_CIRCUIT_CONGESTION",
        "SWITCH_CONGESTION",
    )
)
"""Causes by which the suite says no; any other end by the switch before a bridge but a normal
clearing (the flow ended it: self_service) means that nobody was in control: dropped."""


@dataclass(slots=True)
class Row:
    """One inbound call. Times are microseconds since 1970; 0 is never."""

    seq: int
    uuid: str
    number: str
    called: str
    arrived_us: int
    answered_us: int = 0
    bridged_to: str = ""
    bridged_us: int = 0
    bridges: int = 0
    voicemail_ms: int = 0
    called_back: bool = False
    ended_us: int = 0
    cause: str = ""
    hung_up_by: str = ""
    outcome: str = "open"


class Ledger:
    """Rows are kept up to a cap, oldest ended ones dropped first and counted; totals are exact."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._sequence = itertools.count(1)
        self._rows: OrderedDict[str, Row] = OrderedDict()
        self._ended: Counter[str] = Counter()
        self.offered = 0
        self.forgotten = 0

    def arrived(self, channel: Channel) -> None:
        profile = channel.profile
        self.offered += 1
        self._rows[channel.uuid] = Row(
            next(self._sequence),
            channel.uuid,
            profile.caller_id_number,
            profile.destination_number,
            micros(),
        )
        if len(self._rows) > self._cap:
            self._forget_one()

    def _forget_one(self) -> None:
        for uuid, row in self._rows.items():
            if row.outcome != "open":
                del self._rows[uuid]
                self.forgotten += 1
                return

    def bridged(self, caller: Channel, other: Channel) -> None:
        row = self._rows.get(caller.uuid)
        if row is not None:
            row.bridges += 1
            if not row.bridged_us:
                row.bridged_us = micros()
                row.bridged_to = other.name

    def voicemail(self, caller: Channel, length_ms: int) -> None:
        row = self._rows.get(caller.uuid)
        if row is not None:
            row.voicemail_ms += length_ms

    def ended(self, channel: Channel, by: str) -> None:
        row = self._rows.get(channel.uuid)
        if row is None or row.ended_us:
            return
        row.ended_us = micros()
        row.answered_us = channel.profile.answered_us
        row.cause = channel.hangup_cause
        row.hung_up_by = by
        row.called_back = bool(channel.get(CALLED_BACK))
        row.outcome = outcome(row)
        self._ended[row.outcome] += 1

    def rows(self, since: int = 0) -> list[dict[str, Any]]:
        return [asdict(row) for row in self._rows.values() if row.seq > since]

    def totals(self) -> dict[str, int]:
        ended = sum(self._ended.values())
        counts = {name: self._ended[name] for name in OUTCOMES}
        return {
            "offered": self.offered,
            "open": self.offered - ended,
            **counts,
            "rows_forgotten": self.forgotten,
        }


CALLED_BACK = "sy_callback_taken"
"""Set on the channel by who promised the caller to be called back."""
OUTCOMES = ("answered", "callback", "voicemail", "rejected", "self_service", "abandoned", "dropped")


def outcome(row: Row) -> str:
    """What became of a call that ended."""
    if row.bridges:
        return "answered"
    if row.called_back:
        return "callback"
    if row.voicemail_ms:
        return "voicemail"
    if row.hung_up_by == "caller":
        return "abandoned"
    if row.cause in REFUSING:
        return "rejected"
    return "self_service" if row.cause == "NORMAL_CLEARING" else "dropped"
