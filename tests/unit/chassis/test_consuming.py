"""What a consumer reads off a message."""

from __future__ import annotations

import pytest

from services.chassis.consuming import place_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.SWITCHYARD.acd-projection.1.42.40.1795616268894600000.7",
        "$JS.ACK.hub.ACCOUNT.SWITCHYARD.acd-projection.1.42.40.1795616268894600000.7",
        "$JS.ACK._.ACCOUNT.SWITCHYARD.acd-projection.1.42.40.1795616268894600000.7.token",
    ],
)
def test_place_in_the_stream_is_read_with_and_without_a_domain(reply: str) -> None:
    assert place_of(reply) == 42
