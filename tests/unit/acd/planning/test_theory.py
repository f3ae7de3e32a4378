"""Where queueing theory holds, the production engine must agree with it within the confidence interval.

Seeds are fixed, so these never fail by chance; and the intervals are asked to be narrow, so that agreeing
says something.
"""

from __future__ import annotations

import pytest

from services.acd.planning.erlang import Foreseen, impatient, patient
from services.acd.planning.reading import read
from services.acd.planning.results import Results, simulate

QUEUE = """
opens: 00:00
closes: {hours}:00
interval_min: 60
queues:
  one: {{arrivals: {per_h}, talk: {{mean_s: 120}}, patience: {patience}}}
agents:
  all: {{count: {agents}, queues: one}}
run: {{{run}, warm_up_min: 60, confidence: 0.99}}
"""


def simulated(agents: int, per_h: float, patience: str, run: str, hours: int) -> Results:
    return simulate(read(QUEUE.format(agents=agents, per_h=per_h, patience=patience, run=run, hours=hours)))


def assert_agree(results: Results, foreseen: Foreseen, narrow: float) -> None:
    fared, worked = results.whole.fared, results.whole.worked
    assert fared.service_level.holds(foreseen.service_level), (fared.service_level, foreseen)
    assert fared.asa_s.holds(foreseen.asa_s), (fared.asa_s, foreseen)
    assert fared.abandoned_share.holds(foreseen.abandoned), (fared.abandoned_share, foreseen)
    assert worked.occupancy.holds(foreseen.occupancy), (worked.occupancy, foreseen)
    assert fared.service_level.half is not None
    assert fared.service_level.half < narrow


@pytest.mark.parametrize(("agents", "per_h"), [(1, 12), (10, 240)])
def test_mmn_agrees_with_erlang_c(agents: int, per_h: float) -> None:
    """Nobody hangs up: ten days."""
    hours = 60 if agents == 1 else 10
    results = simulated(agents, per_h, "none", "replications: 10", hours)
    assert_agree(results, patient(agents, per_h, 120, within_s=20), narrow=0.06)


@pytest.mark.parametrize("per_h", [240, 360])
def test_mmn_with_impatience_agrees_with_erlang_a(per_h: float) -> None:
    """Callers hang up after two minutes on average; the second load is more than ten agents can bear."""
    results = simulated(10, per_h, "{mean_s: 120}", "replications: 10", hours=8)
    assert_agree(results, impatient(10, per_h, 120, patience_s=120, within_s=20), narrow=0.04)


def test_batches_of_one_long_run_agree_too() -> None:
    results = simulated(10, 240, "{mean_s: 120}", "batches: 10", hours=80)
    assert results.plan.runs.replications == 1
    assert_agree(results, impatient(10, 240, 120, patience_s=120, within_s=20), narrow=0.05)
    assert results.whole.fared.offered.value == results.contacts  # of the whole run, not of a batch
