"""What others may read off the floor: places, expected waits, counters. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from services.acd.domain import ContactState, Presence, Routing
from services.acd.engine.floor import Contact, Floor, Queue
from services.acd.engine.pairing import in_lane


def place_of(floor: Floor, contact: Contact) -> tuple[int, int | None]:
    """Place in the queue, 1 is next, and expected wait in ms; (0, None) for who does not wait."""
    queue = contact.queue
    if queue is None or contact.state not in (ContactState.QUEUED, ContactState.OFFERED):
        return 0, None
    if contact.state is ContactState.OFFERED or (queue.lane.idle and in_lane(contact)):
        return 1, 0
    position = queue.lane.waiting.place(contact.order)
    return position, expected_wait_ms(floor, queue, position)


def expected_wait_ms(floor: Floor, queue: Queue, position: int) -> int | None:
    """How long until whoever has this place is served; None when nobody is there to serve."""
    if not queue.staffed:
        return None
    return position * (queue.handling_ms or floor.policy.handling_ms) // queue.staffed


@dataclass(slots=True)
class QueueFigures:
    queue: str
    title: str
    waiting: int
    longest_wait_ms: int
    offered: int
    answered: int
    abandoned: int
    answered_in_time: int
    abandoned_in_time: int
    total_wait_answered_ms: int
    agents_staffed: int

    @property
    def service_level(self) -> float | None:
        """Formula 1: answered in time of all who were answered or waited in vain for long; None: nobody."""
        of = self.answered + self.abandoned - self.abandoned_in_time
        return self.answered_in_time / of if of else None


@dataclass(slots=True)
class Figures:
    queues: list[QueueFigures]
    agents: dict[str, int]
    contacts_open: int


def figures(floor: Floor, now: int) -> Figures:
    """The live counters. Costs one step for each queue and each offer, none for each waiting contact."""
    longest = {name: _longest(queue, now) for name, queue in floor.queues.items()}
    for offer in floor.offers.values():
        if offer.contact.offer is offer and offer.contact.state is ContactState.OFFERED:
            name = offer.queue.name
            longest[name] = max(longest[name], now - offer.contact.enqueued_at)
    queues = [_figures(queue, longest[name]) for name, queue in floor.queues.items()]
    return Figures(queues, _agents(floor.counts), floor.open)


def _longest(queue: Queue, now: int) -> int:
    """Of the first in line: who came with priority may have waited less than somebody behind."""
    waiting = queue.lane.waiting
    return now - waiting.first().enqueued_at if len(waiting) else 0


def _figures(queue: Queue, longest_wait_ms: int) -> QueueFigures:
    return QueueFigures(
        queue.name,
        queue.settings.title,
        queue.waiting,
        longest_wait_ms,
        queue.entered,
        queue.answered,
        queue.abandoned,
        queue.answered_in_time,
        queue.abandoned_in_time,
        queue.wait_answered_ms,
        queue.staffed,
    )


def _agents(counts: list[int]) -> dict[str, int]:
    def routing(status: Routing) -> int:
        return sum(counts[presence * 8 + status] for presence in Presence)

    return {
        "ready": counts[Presence.READY * 8 + Routing.IDLE],
        "offered": routing(Routing.OFFERED),
        "connected": routing(Routing.CONNECTED),
        "wrap_up": routing(Routing.WRAP_UP),
        "other_work": counts[Presence.OTHER_WORK * 8 + Routing.IDLE],
        "not_responding": routing(Routing.NOT_RESPONDING),
        "offline": counts[Presence.OFFLINE * 8 + Routing.IDLE],
    }


def reset(floor: Floor) -> None:
    """A new day: live counters start again; what waits goes on waiting."""
    for queue in floor.queues.values():
        queue.entered = queue.answered = queue.abandoned = 0
        queue.answered_in_time = queue.abandoned_in_time = queue.wait_answered_ms = 0
