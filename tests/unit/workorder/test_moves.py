"""The table of moves and the decisions read from it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.chassis.errors import Conflict, Invalid, Stale
from services.workorder import engine
from services.workorder.domain import (
    MOVES,
    Act,
    Action,
    Need,
    NewOrder,
    State,
    Type,
    Urgency,
    allowed_actions,
    diagram,
    move_for,
)

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
README = Path(engine.__file__).parent / "README.md"


def counting() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"00000000-0000-7000-8000-{next(numbers):012d}"


def new_order(**changes: object) -> NewOrder:
    request = NewOrder("r1", Type.FAULT, Urgency.NORMAL, "phone", "No dial tone", "", "", "", "", "lin")
    return replace(request, **changes)  # type: ignore[arg-type]


def act(action: Action, **changes: object) -> Act:
    request = Act("r2", "", action, 0, "lin", "because", "", "", None)
    if action in (Action.DISPATCH, Action.REDISPATCH):
        request = replace(request, department="lines")
    return replace(request, **changes)  # type: ignore[arg-type]


def created(**changes: object) -> engine.Outcome:
    return engine.create(new_order(**changes), number="WO-20261122-0001", now=NOW, new_id=counting())


def walk(*actions: Act) -> engine.Outcome:
    outcome = created()
    for request in actions:
        outcome = engine.act(outcome.order, request, now=NOW, new_id=counting())
    return outcome


DISPATCH, ANSWER, REPLY = act(Action.DISPATCH), act(Action.ANSWER), act(Action.REPLY)
REPLIED = (DISPATCH, ANSWER, REPLY)


def test_the_readme_shows_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in README.read_text(encoding="utf-8")


def test_every_state_can_be_reached_and_left() -> None:
    assert {move.target for move in MOVES} == set(State)
    assert all(allowed_actions(state) for state in State)


def test_no_two_rows_answer_the_same_question() -> None:
    keys = [(move.source, move.action, move.satisfied) for move in MOVES]
    assert len(keys) == len(set(keys))


def test_a_return_visit_always_says_both_ways() -> None:
    visits = [move for move in MOVES if move.action is Action.RETURN_VISIT]
    both = {(move.source, answer) for move in visits for answer in (True, False)}
    assert {(move.source, move.satisfied) for move in visits} == both


def test_an_order_from_fault_to_satisfied_customer() -> None:
    visit = act(Action.RETURN_VISIT, satisfied=True)
    done = walk(*REPLIED, visit, act(Action.CLOSE))
    assert done.order.state is State.CLOSED
    assert done.order.revision == 6
    assert done.order.department == "lines"


def test_an_agent_who_can_answer_needs_no_department() -> None:
    assert walk(REPLY, act(Action.CLOSE)).order.state is State.CLOSED


@pytest.mark.parametrize("before", [(), (act(Action.CLOSE),)])
def test_an_unsatisfied_customer_reopens_it_at_the_desk(before: tuple[Act, ...]) -> None:
    order = walk(*REPLIED, *before, act(Action.RETURN_VISIT, satisfied=False)).order
    assert (order.state, order.department, order.assignee) == (State.NEW, "", "")


def test_a_department_at_creation_dispatches_as_a_step_of_its_own() -> None:
    outcome = created(department="lines")
    assert outcome.order.state is State.DISPATCHED
    assert outcome.order.department == "lines"
    assert [step.action for step in outcome.steps] == [None, Action.DISPATCH]
    assert [step.position for step in outcome.steps] == [1, 2]


def test_what_a_department_worked_on_cannot_be_voided_away() -> None:
    with pytest.raises(
        Conflict, match="answered, which does not allow void; it allows reply, redispatch, close"
    ):
        walk(DISPATCH, ANSWER, act(Action.VOID))


def test_two_people_move_the_same_order() -> None:
    order = walk(DISPATCH).order
    with pytest.raises(Stale, match="at revision 2, you had 1"):
        engine.act(order, act(Action.ANSWER, revision=1), now=NOW, new_id=counting())


@pytest.mark.parametrize("move", [move for move in MOVES if move.needs], ids=str)
def test_a_move_without_what_it_needs_is_refused(move: object) -> None:
    row = next(candidate for candidate in MOVES if candidate is move)
    order = replace(created().order, state=row.source)
    bare = act(row.action, note="", department="", satisfied=row.satisfied)
    with pytest.raises(Invalid) as refused:
        engine.act(order, bare, now=NOW, new_id=counting())
    assert refused.value.field == ("note" if row.needs is Need.NOTE else "department")


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", Action)
def test_exactly_the_allowed_actions_are_allowed(state: State, action: Action) -> None:
    order = replace(created().order, state=state)
    satisfied = True if action is Action.RETURN_VISIT else None
    request = act(action, satisfied=satisfied)
    if action in allowed_actions(state):
        moved = engine.act(order, request, now=NOW + timedelta(hours=1), new_id=counting())
        move = move_for(state, action, satisfied)
        assert move is not None
        assert moved.order.state is move.target
        assert (moved.steps[0].from_state, moved.steps[0].to_state) == (state, move.target)
        assert moved.order.changed_at == NOW + timedelta(hours=1)
        assert moved.order.created_at == NOW
    else:
        with pytest.raises(Conflict):
            engine.act(order, request, now=NOW, new_id=counting())


def test_the_digest_tells_different_requests_apart() -> None:
    assert engine.digest(new_order()) == engine.digest(new_order())
    assert engine.digest(new_order()) != engine.digest(new_order(title="Another"))
