"""Offers that are called off: the contact goes elsewhere, or the agent turns out to be busy."""

from __future__ import annotations

from services.acd.domain import OfferFailure
from services.acd.engine.commands import Command
from services.acd.engine.floor import Contact, Floor, Offer, Stage
from services.acd.engine.offers.failing import fail, out_of_hands, still_rings_elsewhere, undo
from services.acd.engine.offers.gone import agent_gone
from services.acd.engine.offers.leg import close_leg


def call_off_all(floor: Floor, contact: Contact, failure: OfferFailure, now: int, out: list[Command]) -> None:
    """Ends all offers of a contact that goes elsewhere; it is left queued, out of its lane."""
    if contact.lane is not None:
        contact.lane.thin.pop(contact, None)  # or an agent let go would be rung for it again
    while (offer := contact.offer) is not None:
        close_leg(floor, offer, "ORIGINATOR_CANCEL", now, out)
        if still_rings_elsewhere(contact, offer):
            out_of_hands(floor, offer, failure, "ORIGINATOR_CANCEL", now, out)
        else:
            undo(floor, offer, failure, "ORIGINATOR_CANCEL", now, out)


def call_back(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """Ends an offer whose agent turns out to be busy elsewhere; the contact goes on to the next agent."""
    dials = offer.stage is Stage.DIALLING
    close_leg(floor, offer, "ORIGINATOR_CANCEL", now, out)
    if dials:
        agent_gone(floor, offer, OfferFailure.SWITCH_ERROR, "MANAGER_REQUEST", now, out)
    else:
        fail(floor, offer, OfferFailure.SWITCH_ERROR, "MANAGER_REQUEST", now, out)
