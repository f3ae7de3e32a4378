"""Who calls: the contacts of a day, each with all that will happen to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from services.acd.engine import stimuli
from services.acd.planning import chance
from services.acd.planning.plan import Kind, Plan, QueuePlan
from services.acd.planning.tally import Contacts, Tally

NODE = "plan"
"""The switch they come over."""
NOTHING_SPECIAL: dict[str, Any] = {}


@dataclass(slots=True, eq=False)
class Call:
    """A contact with what will happen to it, drawn when it comes."""

    arrival: stimuli.Arrival
    at: int
    queue: int
    cell: Contacts
    talk_ms: int
    wrap_up_ms: int
    patience_ms: int  # -1: without end
    more: dict[str, Any]
    service_level_ms: int
    waiting: bool = False
    wrap_up_most_ms: int = 0  # in the queue that answered, which may be another


def of_queue(
    plan: Plan, number: int, queue: QueuePlan, seed: tuple[int, int], tally: Tally
) -> Iterator[Call]:
    """A queue's contacts of one day, in the order they come."""
    name = queue.name
    talk = chance.lengths(queue.talk, chance.source(*seed, name, "talk"))
    wrap_up = chance.lengths(queue.wrap_up, chance.source(*seed, name, "wrap-up"))
    patience = _patience(queue, seed)
    kind_of = _kinds(queue.kinds, chance.source(*seed, name, "kind").random)
    cells, warm_up = tally.contacts[number], Contacts()
    within_ms = queue.settings.service_level_ms
    for each, at in enumerate(chance.arrivals(plan, queue, chance.source(*seed, name, "arrivals"))):
        contact_id = f"{name}-{each}"
        arrival = stimuli.Arrival(contact_id, node=NODE, call_id=contact_id)
        cell = cells[plan.interval_of(at)] if at >= plan.opens_ms else warm_up
        yield Call(arrival, at, number, cell, talk(), wrap_up(), patience(), kind_of(), within_ms)


def _patience(queue: QueuePlan, seed: tuple[int, int]) -> chance.Draw:
    if queue.patience is None:
        return lambda: -1
    return chance.lengths(queue.patience, chance.source(*seed, queue.name, "patience"))


def _kinds(kinds: tuple[Kind, ...], draw: Callable[[], float]) -> Callable[[], dict[str, Any]]:
    """What a contact is enqueued with, by the kinds' shares."""
    if not kinds:
        return lambda: NOTHING_SPECIAL
    weighed = [
        (sum(kind.share for kind in kinds[: at + 1]), dict(kind.more)) for at, kind in enumerate(kinds)
    ]

    def of() -> dict[str, Any]:
        at = draw()
        return next((more for until, more in weighed if at < until), NOTHING_SPECIAL)

    return of
