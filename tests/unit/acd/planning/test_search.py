"""What if, and how many."""

from __future__ import annotations

import pytest

from services.acd.planning.erlang import agents_for
from services.acd.planning.marks import Refused
from services.acd.planning.plan import Plan
from services.acd.planning.reading import read
from services.acd.planning.search import Target, changed, fewest, target

TEXT = """
opens: 09:00
closes: 13:00
interval_min: 60
queues:
  one: {arrivals: 100, talk: {mean_s: 180}, patience: {mean_s: 120}}
  two: {arrivals: 10, talk: {mean_s: 60}}
agents:
  Day Team: {count: COUNT, queues: one}
  others: {count: 2, queues: two}
run: {replications: 3, warm_up_min: 30}
"""


def plan(count: int = 5) -> Plan:
    return read(TEXT.replace("COUNT", str(count)))


def counts(planned: Plan) -> list[int]:
    return [group.count for group in planned.groups]


def test_changes_of_a_group() -> None:
    assert counts(changed(plan(), ["Day Team+2"])) == [7, 2]
    assert counts(changed(plan(), ["Day Team - 1", "others=9"])) == [4, 9]


@pytest.mark.parametrize("change", ["Day Team", "Team+1", "Day Team-6", "others=x", "others=30000", "+2"])
def test_changes_that_make_no_sense(change: str) -> None:
    with pytest.raises(Refused):
        changed(plan(), [change])


def test_targets() -> None:
    assert target("80/20") == Target(0.8, 20_000)
    assert target("92.5 % / 10 s") == Target(0.925, 10_000)
    assert target("80") == Target(0.8)
    for text in ("100/20", "0/20", "80/0", "eighty", "20/80/3"):
        with pytest.raises(Refused):
            target(text)


@pytest.mark.parametrize("begin", [1, 7, 16])
def test_the_fewest_agents_are_found_from_either_side(begin: int) -> None:
    """Erlang A says seven for 80/20; three days may say one more or less, from wherever the search begins."""
    assert agents_for(0.8, 20, 100, 180, patience_s=120) == 7
    found = fewest(plan(begin), "Day Team", target("80/20"))
    assert found.count in (6, 7, 8)
    below = {trial.count: trial.fared.service_level.value for trial in found.trials}
    assert (below[found.count] or 0) >= 0.8 > (below[found.count - 1] or 0)


def test_the_other_queues_targets_stay() -> None:
    found = fewest(plan(), "Day Team", target("60/45"))
    one, two = found.trials[0].results.plan.queues
    assert (one.settings.service_level_ms, two.settings.service_level_ms) == (45_000, 20_000)


def test_a_target_out_of_reach_is_said() -> None:
    """Each of the queue's callers needs five seconds to be answered: nobody is served within three."""
    slow = TEXT.replace("queues: one", "queues: one, answering: {mean_s: 5, distribution: constant}")
    found = fewest(read(slow.replace("COUNT", "2")), "Day Team", target("80/3"))
    assert found.count is None
    assert found.trials[-1].count == 20
