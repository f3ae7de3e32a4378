"""The agent's phone rings: until it is picked up, has rung for too long, or never did."""

from __future__ import annotations

from services.acd.domain import OfferFailure
from services.acd.engine import dialling, queues
from services.acd.engine.commands import Bridge, Comfort, Command, Kill
from services.acd.engine.contacts import cut_off
from services.acd.engine.floor import Alarm, Floor, Offer, Stage
from services.acd.engine.offers.failing import fail, out_of_hands
from services.acd.engine.offers.leg import close_leg, forget_leg
from services.acd.engine.pairing import settle
from services.acd.engine.timers import set_timer


def answered(floor: Floor, offer_id: str, now: int, out: list[Command]) -> None:
    """The agent picked up: bridge, or end the leg where it is no longer wanted."""
    offer = floor.offers.get(offer_id)
    if offer is None or not offer.leg:
        return
    if offer.stage is Stage.CLOSING:
        out.append(Kill(offer.node, offer.id, "ORIGINATOR_CANCEL"))
    if offer.stage is not Stage.RINGING:
        return
    contact = offer.contact
    win(floor, offer, now, out)
    if contact.to_dial:
        _call_customer(floor, offer, now, out)
        return
    offer.stage = Stage.BRIDGING
    out.append(
        Bridge(offer.node, contact.call_id, offer.id, offer.agent.id, contact.after_bridge, contact.kept)
    )
    set_timer(floor, now + floor.policy.bridge_timeout_ms, Alarm.BRIDGE, offer)


def _call_customer(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """Agent first: who is to be called back is called now, unless their time ran out while the phone rang."""
    late = now >= dialling.plan_of(offer.contact).not_after
    if late or not queues.is_open(offer.queue, now):
        close_leg(floor, offer, "NORMAL_CLEARING", now, out)
        fail(floor, offer, OfferFailure.CUSTOMER_UNREACHED, "NORMAL_CLEARING", now, out)
        return
    if cut_off(floor, offer.contact):
        close_leg(floor, offer, "NORMAL_CLEARING", now, out)
        fail(floor, offer, OfferFailure.SWITCH_ERROR, "NETWORK_OUT_OF_ORDER", now, out)
        return
    dialling.dial(floor, offer, now, out)
    out.append(Comfort(offer.node, offer.id))


def win(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """Of several agents who were rung this one was the fastest."""
    contact = offer.contact
    if contact.lane is not None:
        contact.lane.thin.pop(contact, None)
    if contact.rivals is None:
        return
    everybody = [contact.offer, *contact.rivals]
    contact.offer, contact.rivals = offer, None
    for rival in everybody:
        if rival is not None and rival is not offer:
            close_leg(floor, rival, "LOSE_RACE", now, out)
            out_of_hands(floor, rival, OfferFailure.ANSWERED_ELSEWHERE, "LOSE_RACE", now, out)


def ring_timed_out(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    close_leg(floor, offer, "NO_ANSWER", now, out)
    fail(floor, offer, OfferFailure.RING_TIMEOUT, "NO_ANSWER", now, out)


def ring_failed(floor: Floor, offer_id: str, cause: str, now: int, out: list[Command]) -> None:
    """The switch did not take the command: no leg, and no fault of the agent's."""
    offer = floor.offers.get(offer_id)
    if offer is None or offer.stage in (Stage.DIALLING, Stage.BRIDGING, Stage.TALKING):
        return  # it did ring: the word is about something else
    ringing = offer.stage is Stage.RINGING
    forget_leg(floor, offer)
    if ringing:
        fail(floor, offer, OfferFailure.SWITCH_ERROR, cause, now, out)
    settle(floor, offer.agent, now, out)


def bridge_failed(floor: Floor, offer_id: str, cause: str, now: int, out: list[Command]) -> None:
    """The two could not be put together: the agent's leg goes, the contact keeps its place."""
    offer = floor.offers.get(offer_id)
    if offer is not None and offer.stage is Stage.BRIDGING:
        close_leg(floor, offer, "NORMAL_CLEARING", now, out)
        fail(floor, offer, OfferFailure.SWITCH_ERROR, cause, now, out)
