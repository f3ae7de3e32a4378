"""The agent's leg: asked to end, expected to be gone, forgotten when it is.

Until the switch says that a leg is gone, the agent's phone is busy.
"""

from __future__ import annotations

from services.acd.domain import Routing
from services.acd.engine.commands import Command, Kill
from services.acd.engine.floor import Alarm, Floor, Offer, Stage
from services.acd.engine.timers import set_timer


def close_leg(floor: Floor, offer: Offer, cause: str, now: int, out: list[Command]) -> None:
    """Ends a leg that is no longer wanted; the agent's phone is free when the switch says so."""
    offer.stage = Stage.CLOSING
    if offer.leg:
        ask_end(floor, offer, cause, now, out)
    elif offer.agent.offer is offer:  # kept free, and not rung yet
        offer.agent.offer = None


def ask_end(floor: Floor, offer: Offer, cause: str, now: int, out: list[Command]) -> None:
    """Asks for the leg's end; until it has come, the leg counts as what it is."""
    out.append(Kill(offer.node, offer.id, cause))
    expect_gone(floor, offer, now)


def expect_gone(floor: Floor, offer: Offer, now: int) -> None:
    offer.expected_gone_at = now + floor.policy.leg_gone_timeout_ms
    set_timer(floor, offer.expected_gone_at, Alarm.LEG_GONE, offer)


def forget_leg(floor: Floor, offer: Offer) -> None:
    """The leg is no more: the agent's phone is free."""
    offer.stage = Stage.CLOSING
    offer.expected_gone_at = 0
    if offer.agent.offer is offer:
        offer.agent.offer = None
    drop_if_over(floor, offer)


def drop_if_over(floor: Floor, offer: Offer) -> None:
    """Nobody works on it, and its leg is gone: it is history."""
    if offer.work is Routing.IDLE and (not offer.leg or offer.agent.offer is not offer):
        floor.offers.pop(offer.id, None)
