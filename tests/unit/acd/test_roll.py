"""The roll beside the slow and obvious: a sorted list."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.acd.engine import roll
from services.acd.engine.roll import Roll


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "pop", "remove", "place"]), st.integers(0, 60))))
def test_roll_does_what_a_sorted_list_does(steps: list[tuple[str, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roll, "BLOCK", 3)  # so that splitting and dropping happen in short examples
        subject: Roll[str] = Roll()
        model: list[int] = []
        for step, order in steps:
            if step == "add" and order not in model:
                subject.add(order, str(order))
                model = sorted([*model, order])
            elif step == "pop" and model:
                assert subject.pop() == str(model.pop(0))
            elif step == "remove":
                if order in model:
                    model.remove(order)
                    assert subject.remove(order) == str(order)
                else:
                    with pytest.raises(KeyError):
                        subject.remove(order)
            elif step == "place":
                assert subject.place(order) == sum(1 for other in model if other < order) + 1
            assert list(subject) == [str(number) for number in model]
            assert len(subject) == len(model)
            assert subject.first_order == (model[0] if model else None)


def test_large_roll_keeps_order() -> None:
    """Ten thousand in random order come out sorted, half of them removed from the middle."""
    orders = list(range(10_000))
    random.Random(7).shuffle(orders)
    subject: Roll[int] = Roll()
    for order in orders:
        subject.add(order, order)
    for order in orders[:5_000]:
        subject.remove(order)
    left = sorted(orders[5_000:])
    assert subject.place(left[1234]) == 1235
    assert [subject.pop() for _ in range(len(subject))] == left
