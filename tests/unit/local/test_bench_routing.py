"""What `bench routing --freeswitch` tells the switch, and what it makes of the figures."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.bench.routing import freeswitch, peer
from tests.bench.routing.paced import Gaps
from tests.bench.routing.real import times_rows
from tests.bench.routing.rows import gap_rows

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("with_peer", [True, False])
def test_configuration_has_its_port_and_the_peers_agents(with_peer: bool) -> None:
    text = freeswitch.configuration(18_021, ["10000", "10001"], peer=with_peer)
    whole = ET.fromstring(text)  # noqa: S314 (our own)
    assert whole.find(".//param[@name='listen-port']").get("value") == "18021"  # type: ignore[union-attr]
    loaded = [one.get("module") for one in whole.iter("load")]
    assert (peer.MODULE in loaded) is with_peer
    assert len(whole.findall(".//agent")) == len(whole.findall(".//tier")) == (2 if with_peer else 0)


def test_offers_that_never_came_are_a_failure_and_no_figure() -> None:
    rows = gap_rows("offer", Gaps([], 3), Gaps([1.0], 1), 5.0)
    assert [(row.value, row.ok) for row in rows] == [(3, False)]
    assert times_rows("offer", Gaps([], 3), Gaps([1.0], 1)) == []


def test_only_the_slowest_hundredth_is_judged() -> None:
    rows = gap_rows("offer", Gaps([1.0] * 98 + [7.0, 9.0], 100), Gaps([0.5], 1), 5.0)
    assert [(row.value, row.ratio, row.ok) for row in rows] == [(1.0, 2.0, None), (9.0, 18.0, False)]


def test_less_than_a_step_of_the_clock_counts_as_one() -> None:
    assert [row.value for row in times_rows("offer", Gaps([0.0], 1), Gaps([60.0], 1))] == [60.0, 60.0]
