"""What others may read off the floor: places, expected waits, counters. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

from services.acd.domain import ContactState, Presence, Routing
from services.acd.engine.floor import Contact, Floor, ForecastError, Queue
from services.acd.engine.forecasts import expected_wait_ms, place_of

__all__ = [
    "Figures",
    "QueueFigures",
    "all_waiting",
    "expected_wait_ms",
    "figures",
    "in_order",
    "place_of",
    "reset",
]


def in_order(queue: Queue) -> Iterator[Contact]:
    """All who stand in the queue's lanes, as they would be served if every agent could serve each of them.
    Of this moment, also when it is read on after others had their turn."""
    standing = [list(lane.waiting) for lane in queue.lanes.values() if lane.waiting]
    return iter(standing[0]) if len(standing) == 1 else merge(*standing, key=_order)


def all_waiting(floor: Floor, queue: Queue) -> Iterator[Contact]:
    """The same with those who wait for one agent alone, each in its place. Looks at every agent."""
    apart = [
        contact
        for agent in floor.agents.values()
        for lane in (agent.given, agent.own)
        if lane is not None
        for contact in lane.waiting
        if contact.queue is queue
    ]
    return merge(in_order(queue), sorted(apart, key=_order), key=_order)


def _order(contact: Contact) -> int:
    return contact.order


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
    agents_effective: float
    overflowed: int
    foretold: ForecastError
    foretold_by_last: ForecastError
    foretold_by_head: ForecastError
    expected_wait_ms: int | None  # of one that came now
    callbacks: int
    called_back: int
    unreached: int

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
        contact = offer.contact
        if contact.offer is offer and contact.state is ContactState.OFFERED and contact.callback is None:
            name = offer.queue.name
            longest[name] = max(longest[name], now - offer.contact.enqueued_at)
    queues = [_figures(floor, queue, longest[name]) for name, queue in floor.queues.items()]
    return Figures(queues, _agents(floor.counts), floor.open)


def _longest(queue: Queue, now: int) -> int:
    """Of the first caller in each lane: who came with priority may have waited less than somebody behind. Who
    waits at home to be called back is no long wait."""
    first = (next((c for c in lane.waiting if c.callback is None), None) for lane in queue.lanes.values())
    return max((now - contact.enqueued_at for contact in first if contact is not None), default=0)


def _figures(floor: Floor, queue: Queue, longest_wait_ms: int) -> QueueFigures:
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
        queue.effective,
        queue.overflowed,
        queue.foretold,
        queue.foretold_by_last,
        queue.foretold_by_head,
        _expected(floor, queue),
        queue.callbacks,
        queue.called_back,
        queue.unreached,
    )


def _expected(floor: Floor, queue: Queue) -> int | None:
    """Of one that came now: at once where somebody is idle, or where nobody has been asked for yet."""
    lanes = queue.lanes.values()
    if queue.staffed and queue.waiting == 0 and (not lanes or any(lane.idle for lane in lanes)):
        return 0
    return expected_wait_ms(floor, queue, queue.waiting + 1)


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
        queue.entered = queue.answered = queue.abandoned = queue.overflowed = 0
        queue.answered_in_time = queue.abandoned_in_time = queue.wait_answered_ms = 0
        queue.called_back = queue.unreached = 0
        queue.foretold, queue.foretold_by_last = ForecastError(), ForecastError()
        queue.foretold_by_head = ForecastError()
