"""Settings changed by several people: who is told, and who need not be."""

from __future__ import annotations

import pytest

from services.acd.engine.revisions import revised
from services.acd.engine.stimuli import QueueSettings
from services.chassis.errors import Stale

THERE = QueueSettings("sales", "Sales", revision=3)


def put(title: str, revision: int, present: QueueSettings | None = THERE) -> QueueSettings:
    return revised(present, QueueSettings("sales", title, revision=revision), "Queue 'sales'", "revision")


def test_the_first_has_revision_one_and_each_change_the_next() -> None:
    assert put("Sales", 0, present=None).revision == 1
    assert put("Verkauf", 3) == QueueSettings("sales", "Verkauf", revision=4)


def test_change_of_what_somebody_else_has_changed_is_refused() -> None:
    with pytest.raises(Stale, match=r"Queue 'sales' was changed by somebody else.*reload") as refused:
        put("Verkauf", 2)
    assert refused.value.field == "revision"


def test_without_a_revision_whatever_is_there_is_replaced() -> None:
    assert put("Verkauf", 0).revision == 4


@pytest.mark.parametrize("revision", [0, 2, 3])
def test_what_changes_nothing_is_no_change(revision: int) -> None:
    """Also a change that is sent again because its answer was lost: its revision is that of before."""
    assert put("Sales", revision) is THERE


def test_queue_that_is_not_there_has_no_revision_to_be_changed() -> None:
    with pytest.raises(Stale):
        put("Sales", 3, present=None)
