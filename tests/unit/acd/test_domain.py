"""The tables agree with the contracts and with themselves."""

from __future__ import annotations

from enum import IntEnum

import pytest

from services.acd import domain
from services.stubs.acd.v1 import events_pb2
from services.stubs.common.v1 import types_pb2


@pytest.mark.parametrize(
    ("ours", "theirs", "prefix"),
    [
        (domain.Channel, types_pb2.Channel, "CHANNEL_"),
        (domain.Outcome, types_pb2.Outcome, "OUTCOME_"),
        (domain.Presence, events_pb2.Presence, "PRESENCE_"),
        (domain.Routing, events_pb2.RoutingStatus, "ROUTING_STATUS_"),
        (domain.OfferFailure, events_pb2.OfferFailure, "OFFER_FAILURE_"),
        (domain.Party, events_pb2.Party, "PARTY_"),
    ],
)
def test_numbers_are_those_of_the_contract(ours: type[IntEnum], theirs: object, prefix: str) -> None:
    """Edges cast between the two; a number added to one side only would be read as another word."""
    contract = {name.removeprefix(prefix): number for name, number in theirs.items()}  # type: ignore[attr-defined]
    assert {member.name: int(member) for member in ours} == contract


def test_ended_is_the_end() -> None:
    assert domain.CONTACT[domain.ContactState.ENDED] == {}


def test_every_state_can_be_left_and_reached() -> None:
    """No agent and no contact is ever stuck for want of a move."""
    for table, end in ((domain.CONTACT, domain.ContactState.ENDED), (domain.ROUTING, None)):
        reached = {after for moves in table.values() for after in moves.values()}
        assert reached == set(table)
        assert all(moves or state is end for state, moves in table.items())
