"""Expected waits, and how well they were foretold.

Ours counts those ahead against the agents there, an agent of n queues for 1/n of one: `position * handling /
effective`. It is measured against two that need no model (Ibrahim and Whitt, "Real-Time Delay Estimation
Based on Delay History", Manufacturing & Service Operations Management 11(3), 2009): the wait of the last
contact to enter service (LES), and the wait so far of the one at the head of the line (HOL).
"""

from __future__ import annotations

from services.acd.domain import ContactState
from services.acd.engine.floor import Contact, Floor, Lane, Queue
from services.acd.engine.matching import first_agent

LANES_COUNTED = 16
"""Lanes of a queue that are counted for a place; with more the place is that in one's own lane."""


def foretell(floor: Floor, contact: Contact, queue: Queue, lane: Lane, now: int) -> tuple[int, int | None]:
    """Place and expected wait of a contact on entering; kept with it, to be judged when it is answered."""
    contact.foretold_ms = contact.foretold_by_last_ms = contact.foretold_by_head_ms = -1
    if first_agent(lane) is not None and not contact.paused_until and not contact.parted:
        return 1, 0
    position = position_of(queue, lane, contact)
    expected = expected_wait_ms(floor, queue, position)
    if expected is not None and not contact.paused_until:
        contact.foretold_ms = now - contact.joined_at + expected
        contact.foretold_by_last_ms = queue.last_wait_ms
        head = lane.waiting.first() if lane.waiting else None
        contact.foretold_by_head_ms = now - head.joined_at if head is not None else 0
    return position, expected


def judge(queue: Queue, contact: Contact, now: int) -> None:
    """It has been answered: how far off were the forecasts? Only of contacts that had to wait at all. What
    they waited in another queue before this one was no part of them."""
    waited_ms = now - contact.joined_at
    queue.last_wait_ms = waited_ms
    if contact.foretold_ms < 0:
        return
    queue.foretold.add(contact.foretold_ms, waited_ms)
    queue.foretold_by_head.add(contact.foretold_by_head_ms, waited_ms)
    if contact.foretold_by_last_ms >= 0:
        queue.foretold_by_last.add(contact.foretold_by_last_ms, waited_ms)


def place_of(floor: Floor, contact: Contact) -> tuple[int, int | None]:
    """Place in the queue, 1 is next, and expected wait in ms; (0, None) for who does not wait."""
    queue = contact.queue
    if queue is None or contact.state not in (ContactState.QUEUED, ContactState.OFFERED):
        return 0, None
    if contact.state is ContactState.OFFERED:
        return 1, 0
    lane = contact.lane
    position = position_of(queue, lane, contact) if lane is not None else 1
    return position, expected_wait_ms(floor, queue, position)


def position_of(queue: Queue, lane: Lane, contact: Contact) -> int:
    """How many of the queue are served before this contact, plus one."""
    lanes = queue.lanes.values() if len(queue.lanes) <= LANES_COUNTED else [lane]
    return 1 + sum(each.waiting.place(contact.order) - 1 for each in lanes)


def expected_wait_ms(floor: Floor, queue: Queue, position: int) -> int | None:
    """How long until whoever has this place is served; None when nobody is there to serve."""
    if queue.effective <= 0.0:
        return None
    return int(position * (queue.handling_ms or floor.policy.handling_ms) / queue.effective)
