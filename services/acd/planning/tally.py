"""What is counted in one day: cells of contacts (queue × interval) and of agents' time (group × interval).

All of it is read off the engine's own facts, so that a plan is measured in the words of the real day. A
contact counts in the interval it came in, an agent's time in the interval it passes in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.acd.domain import Presence, Routing
from services.acd.planning.plan import Plan


@dataclass(slots=True)
class Contacts:
    """Contacts of one queue that came in one interval, or a sum of such."""

    offered: int = 0
    answered: int = 0
    in_time: int = 0  # answered within the queue's service level
    abandoned: int = 0
    short: int = 0  # of those, before the service level was over
    sent_on: int = 0  # told to leave by the queue's rules
    refused: int = 0  # not let in: full or closed
    left_waiting: int = 0  # of the abandoned: waited when the run was cut off
    waited_ms: int = 0  # of those answered
    longest_ms: int = 0  # of those answered or abandoned
    talk_ms: int = 0
    wrap_up_ms: int = 0

    def add(self, other: Contacts) -> None:
        """Adds another cell; of two longest waits the longer is kept."""
        self.offered += other.offered
        self.answered += other.answered
        self.in_time += other.in_time
        self.abandoned += other.abandoned
        self.short += other.short
        self.sent_on += other.sent_on
        self.refused += other.refused
        self.left_waiting += other.left_waiting
        self.waited_ms += other.waited_ms
        self.longest_ms = max(self.longest_ms, other.longest_ms)
        self.talk_ms += other.talk_ms
        self.wrap_up_ms += other.wrap_up_ms


@dataclass(slots=True)
class Hours:
    """Time of one group's agents in one interval, or a sum of such."""

    idle_ms: int = 0
    ringing_ms: int = 0
    talk_ms: int = 0
    wrap_up_ms: int = 0

    def add(self, other: Hours) -> None:
        self.idle_ms += other.idle_ms
        self.ringing_ms += other.ringing_ms
        self.talk_ms += other.talk_ms
        self.wrap_up_ms += other.wrap_up_ms

    @property
    def busy_ms(self) -> int:
        """On contact: conversation and wrap-up."""
        return self.talk_ms + self.wrap_up_ms

    @property
    def staffed_ms(self) -> int:
        """Somebody was there for contacts."""
        return self.idle_ms + self.ringing_ms + self.busy_ms


Summed = tuple[Contacts, Hours]


def summed(contacts: Iterable[Contacts], hours: Iterable[Hours]) -> Summed:
    """The sums of some cells."""
    of_contacts, of_hours = Contacts(), Hours()
    for cell in contacts:
        of_contacts.add(cell)
    for time in hours:
        of_hours.add(time)
    return of_contacts, of_hours


# What counts as what: busy whatever the agent says meanwhile, idle only for who is ready.
_BUSY = {Routing.OFFERED: "ringing_ms", Routing.CONNECTED: "talk_ms", Routing.WRAP_UP: "wrap_up_ms"}


def spent_on(presence: Presence, routing: Routing) -> str:
    """The field of Hours that this time belongs to; empty: not at work for contacts."""
    if routing is Routing.IDLE:
        return "idle_ms" if presence is Presence.READY else ""
    return _BUSY.get(routing, "")


class Tally:
    """One day's cells."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.contacts = [[Contacts() for _ in range(plan.intervals)] for _ in plan.queues]
        self.hours = [[Hours() for _ in range(plan.intervals)] for _ in plan.groups]

    def spend(self, group: int, kind: str, starts_ms: int, ends_ms: int) -> None:
        """Adds a stretch of one agent's time to the intervals it lies in; outside of the day to none."""
        plan = self._plan
        at = starts_ms if starts_ms > plan.opens_ms else plan.opens_ms
        if ends_ms > plan.closes_ms:
            ends_ms = plan.closes_ms
        while at < ends_ms:
            interval = (at - plan.opens_ms) // plan.interval_ms
            until = plan.opens_ms + (interval + 1) * plan.interval_ms
            if until > ends_ms:
                until = ends_ms
            hours = self.hours[group][interval]
            setattr(hours, kind, getattr(hours, kind) + until - at)
            at = until
