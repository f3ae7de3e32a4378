"""Whatever people do to an order, in any order, its history tells it truly (hypothesis state machine)."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.chassis.errors import Conflict, Invalid, Stale
from services.workorder import engine
from services.workorder.domain import (
    Act,
    Action,
    NewOrder,
    State,
    Step,
    Type,
    Urgency,
    WorkOrder,
    allowed_actions,
    move_for,
)

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PLACES = st.sampled_from(["", "lines", "billing"])


class LifeOfAnOrder(RuleBasedStateMachine):
    order: WorkOrder
    steps: list[Step]

    @initialize(department=PLACES)
    def is_created(self, department: str) -> None:
        self.numbers = itertools.count(1)
        self.now = START
        request = NewOrder("r0", Type.COMPLAINT, Urgency.URGENT, "phone", "t", "", "", "", department, "lin")
        made = engine.create(request, number="WO-20261122-0001", now=START, new_id=self.new_id)
        self.order, self.steps = made.order, list(made.steps)

    def new_id(self) -> str:
        return f"{next(self.numbers):036d}"

    @rule(
        action=st.sampled_from(Action),
        note=st.sampled_from(["", "because"]),
        department=PLACES,
        satisfied=st.sampled_from([None, True, False]),
        behind=st.integers(0, 2),
    )
    def somebody_acts(
        self, action: Action, note: str, department: str, satisfied: bool | None, behind: int
    ) -> None:
        before = self.order
        self.now += timedelta(minutes=1)
        revision = max(0, self.order.revision - behind)
        request = Act("r", "", action, revision, "lin", note, department, "", satisfied)
        try:
            outcome = engine.act(self.order, request, now=self.now, new_id=self.new_id)
        except Stale:
            assert behind
        except Conflict:
            assert move_for(before.state, action, satisfied) is None
        except Invalid:
            move = move_for(before.state, action, satisfied)
            assert move is not None
            assert move.needs is not None
        else:
            self.order = outcome.order
            self.steps += outcome.steps
            assert len(outcome.steps) == 1

    @invariant()
    def its_steps_form_one_unbroken_chain(self) -> None:
        assert self.steps[0].action is None
        for earlier, later in itertools.pairwise(self.steps):
            assert later.from_state is earlier.to_state
            assert later.at >= earlier.at
        assert self.steps[-1].to_state is self.order.state
        assert [step.position for step in self.steps] == list(range(1, self.order.revision + 1))
        assert len({step.step_id for step in self.steps}) == len(self.steps)

    @invariant()
    def it_is_in_somebodys_hands_exactly_when_it_should_be(self) -> None:
        if self.order.state is State.NEW:
            assert (self.order.department, self.order.assignee) == ("", "")
        if self.order.state is State.DISPATCHED:
            assert self.order.department

    @invariant()
    def there_is_always_a_way_on(self) -> None:
        assert allowed_actions(self.order.state)

    @invariant()
    def no_dissatisfied_customer_stays_closed(self) -> None:
        if self.steps[-1].satisfied is False:
            assert self.order.state is State.NEW

    @invariant()
    def what_it_is_about_never_changes(self) -> None:
        assert (self.order.title, self.order.created_at, self.order.number) == (
            "t",
            START,
            "WO-20261122-0001",
        )


LifeOfAnOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLifeOfAnOrder = LifeOfAnOrder.TestCase
