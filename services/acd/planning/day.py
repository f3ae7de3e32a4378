"""One day lived through: the production engine, a clock that jumps from event to event, and what people do.

The engine decides; here is only what a switch would tell it: callers who come and hang up, phones that are
answered or not, conversations and wrap-ups that end, agents who come, go and take breaks. What came of it is
read off the engine's facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Any

from services.acd.domain import LeftQueue, Outcome, Presence, Routing
from services.acd.engine import Engine, commands, stimuli
from services.acd.planning import chance
from services.acd.planning.callers import NODE, Call, of_queue
from services.acd.planning.plan import HOUR_MS, Group, Plan
from services.acd.planning.tally import Tally, spent_on
from services.chassis.errors import Full

Progress = Callable[[float], None]
"""Told the share of the day that is over, now and then."""

MIDNIGHT = 1_767_571_200_000
"""Of a Monday (2026-01-05 UTC): the engine's clock begins somewhere, and weekends may have other hours."""
DRAIN_MS = 4 * HOUR_MS
"""So long after closing who still waits is served; longer means that nobody will come."""
RETURN_MS = 60_000
"""Who was set aside for not answering notices it after a minute, and is ready again."""
TICK = stimuli.Tick()


class Desk:
    """An agent's place, as far as the engine does not know about it."""

    __slots__ = ("answering", "group", "picks_up", "since", "spends", "wanted")

    def __init__(self, group: int, answering: chance.Draw, picks_up: Callable[[], bool]) -> None:
        self.group, self.answering, self.picks_up = group, answering, picks_up
        self.wanted = Presence.OFFLINE
        self.spends = ""  # what on, since when
        self.since = 0


Event = tuple[int, int, Callable[[Any], None], Any]


class Day:
    """A plan's day, once. `replication` chooses the day: the same number is the same day."""

    def __init__(self, plan: Plan, replication: int, progress: Progress | None = None) -> None:
        self.plan = plan
        self.tally = Tally(plan)
        self.now = plan.opens_ms - plan.runs.warm_up_ms
        self._seed = (plan.runs.seed, replication)
        self._told = progress or (lambda share: None)
        self._ids = count(1)
        self._events: list[Event] = []
        self._numbers = count()
        self._calls: dict[str, Call] = {}  # that have not ended
        self._wrap_up_most_ms = {queue.name: queue.settings.wrap_up_ms for queue in plan.queues}
        self._desks: dict[str, Desk] = {}
        self._offers: dict[str, tuple[Call, str]] = {}  # leg → call, agent
        self._engine = Engine(lambda: f"o{next(self._ids)}")
        self._hears: dict[type, Callable[[Any], None]] = {
            commands.ContactQueued: self._queued,
            commands.Ring: self._ring,
            commands.Bridge: self._bridge,
            commands.Kill: self._kill,
            commands.ContactAnswered: self._answered,
            commands.ContactReleased: self._released,
            commands.ContactWrappedUp: self._wrapped_up,
            commands.ContactLeftQueue: self._left,
            commands.Expel: self._expelled,
            commands.AgentStateChanged: self._agent_changed,
        }

    def live(self) -> Tally:
        """From the warm-up's beginning until everybody has been served, or nobody will be."""
        self._furnish()
        self._run()
        self._close()
        return self.tally

    # ------------------------------------------------------------ the clock

    def _run(self) -> None:
        plan = self.plan
        for interval in range(plan.intervals):
            self._at(plan.starts_ms(interval), self._told, interval / plan.intervals)
        for number, queue in enumerate(plan.queues):
            self._expect(of_queue(plan, number, queue, self._seed, self.tally))
        self._until(plan.closes_ms)
        while self._calls and (at := self._next()) is not None and at <= plan.closes_ms + DRAIN_MS:
            self._until(at)
        self._told(1.0)

    def _next(self) -> int | None:
        """When something happens next."""
        due = self._engine.next_due
        events = self._events
        if due is None:
            return events[0][0] if events else None
        due -= MIDNIGHT
        return min(due, events[0][0]) if events else due

    def _until(self, end: int) -> None:
        """Everything that happens up to this moment; the engine's timers before what people do."""
        events, engine, tell = self._events, self._engine, self._tell
        while True:
            at = events[0][0] if events and events[0][0] < end else end
            due = engine.next_due
            if due is not None and due - MIDNIGHT <= at:
                self.now = max(due - MIDNIGHT, self.now)
                tell(TICK)
            elif events and events[0][0] <= end:
                self.now, _, what, about = heappop(events)
                what(about)
            else:
                self.now = max(end, self.now)
                return

    def _at(self, at: int, what: Callable[[Any], None], about: Any) -> None:
        """At this moment, or now where it lies before the run's beginning."""
        heappush(self._events, (max(at, self.now), next(self._numbers), what, about))

    def _tell(self, stimulus: stimuli.Stimulus) -> None:
        hears = self._hears
        for command in self._engine.handle(stimulus, MIDNIGHT + self.now):
            heard = hears.get(type(command))
            if heard is not None:
                heard(command)

    # ------------------------------------------------------------ callers

    def _expect(self, calls: Iterator[Call]) -> None:
        """The next of a queue's contacts: only one is known ahead, or a day would not fit into the caches."""
        call = next(calls, None)
        if call is not None:
            self._at(call.at, self._come, (call, calls))

    def _come(self, about: tuple[Call, Iterator[Call]]) -> None:
        call, calls = about
        self._expect(calls)
        self._calls[call.arrival.contact_id] = call
        call.cell.offered += 1
        queue = self.plan.queues[call.queue].name
        try:
            self._tell(stimuli.Enqueue(call.arrival, queue, holder=NODE, **call.more))
        except Full:
            call.cell.refused += 1
            self._end(call)
            return
        if not call.waiting:  # closed, say: the flow goes on with the caller
            call.cell.refused += 1
            self._close_contact(call)
        elif call.patience_ms >= 0:
            self._at(self.now + call.patience_ms, self._lose_patience, call)

    def _queued(self, fact: commands.ContactQueued) -> None:
        self._calls[fact.contact_id].waiting = True

    def _lose_patience(self, call: Call) -> None:
        if call.waiting:
            self._tell(stimuli.CallerGone(call.arrival, "ORIGINATOR_CANCEL"))

    def _left(self, fact: commands.ContactLeftQueue) -> None:
        if fact.reason is LeftQueue.CALLER_HUNG_UP:
            call = self._calls[fact.contact_id]
            cell = call.cell
            cell.abandoned += 1
            cell.short += fact.waited_ms < call.service_level_ms
            cell.longest_ms = max(cell.longest_ms, fact.waited_ms)
            self._end(call)

    def _expelled(self, order: commands.Expel) -> None:
        """The flow goes on with the caller: a message, a callback, another number. That is not simulated."""
        self._at(self.now, self._go_on, self._calls[order.contact_id])

    def _go_on(self, call: Call) -> None:
        call.cell.sent_on += 1
        self._close_contact(call)

    def _close_contact(self, call: Call) -> None:
        self._end(call)
        self._tell(stimuli.Close(call.arrival, Outcome.SELF_SERVICE))

    def _end(self, call: Call) -> None:
        call.waiting = False
        self._calls.pop(call.arrival.contact_id, None)

    # ------------------------------------------------------------ phones

    def _ring(self, order: commands.Ring) -> None:
        """The phone is picked up after a while, or the engine will have had enough."""
        self._offers[order.offer_id] = (self._calls[order.contact_id], order.agent_id)
        desk = self._desks[order.agent_id]
        if desk.picks_up():
            self._at(self.now + desk.answering(), self._pick_up, order.offer_id)

    def _pick_up(self, offer_id: str) -> None:
        if offer_id in self._offers:
            self._tell(stimuli.LegAnswered(offer_id))

    def _bridge(self, order: commands.Bridge) -> None:
        self._tell(stimuli.Bridged(order.offer_id))

    def _kill(self, order: commands.Kill) -> None:
        """A switch does it at once, and says so when the engine has spoken."""
        if self._offers.pop(order.uuid, None) is not None:
            self._at(self.now, self._tell, stimuli.LegGone(order.uuid, order.cause))

    def _answered(self, fact: commands.ContactAnswered) -> None:
        call, _ = self._offers[fact.offer_id]
        call.waiting = False
        call.wrap_up_most_ms = self._wrap_up_most_ms[fact.queue]
        cell, waited_ms = call.cell, fact.waited_ms
        cell.answered += 1
        cell.in_time += waited_ms <= call.service_level_ms
        cell.waited_ms += waited_ms
        cell.longest_ms = max(cell.longest_ms, waited_ms)
        self._at(self.now + call.talk_ms, self._hang_up, fact.offer_id)

    def _hang_up(self, offer_id: str) -> None:
        """The caller ends the conversation; a switch tells of the agent's leg first."""
        call, agent_id = self._offers.pop(offer_id)
        self._tell(stimuli.LegGone(offer_id, "NORMAL_CLEARING", by_switch=True))
        self._tell(stimuli.CallerGone(call.arrival, "NORMAL_CLEARING"))
        if not call.wrap_up_most_ms:
            self._end(call)
        elif call.wrap_up_ms < call.wrap_up_most_ms:  # else the engine's clock is faster
            self._at(self.now + call.wrap_up_ms, self._finish, (agent_id, call))

    def _finish(self, about: tuple[str, Call]) -> None:
        agent_id, call = about
        self._tell(stimuli.FinishWrapUp(agent_id, call.arrival.contact_id))

    def _released(self, fact: commands.ContactReleased) -> None:
        self._calls[fact.contact_id].cell.talk_ms += fact.talk_ms + fact.hold_ms

    def _wrapped_up(self, fact: commands.ContactWrappedUp) -> None:
        call = self._calls[fact.contact_id]
        call.cell.wrap_up_ms += fact.wrap_up_ms
        self._end(call)

    # ------------------------------------------------------------ agents

    def _furnish(self) -> None:
        """The centre as it stands when the first contact comes."""
        self._tell(stimuli.NodeUp(NODE))
        for queue in self.plan.queues:  # all by name first: they may lead to one another
            self._tell(stimuli.PutQueue(stimuli.QueueSettings(queue.name)))
        for queue in self.plan.queues:
            self._tell(stimuli.PutQueue(queue.settings))
        for number, group in enumerate(self.plan.groups):
            self._hire(number, group)

    def _hire(self, number: int, group: Group) -> None:
        numbers = chance.source(*self._seed, "answering", group.name)
        answering = chance.lengths(group.answering, numbers)
        deaf, draw = group.no_answer, numbers.random
        names = [f"{number}.{each}" for each in range(group.count)]
        self._tell(
            stimuli.PutAgents(
                [stimuli.AgentSettings(name, name, "1", group.queues, **group.more) for name in names]
            )
        )
        for each, name in enumerate(names):
            self._desks[name] = Desk(number, answering, lambda: not deaf or draw() >= deaf)
            self._roster(name, each, group)

    def _roster(self, agent_id: str, each: int, group: Group) -> None:
        """When one agent comes, pauses and goes. Who is there at closing stays until nobody waits."""
        plan = self.plan
        starts_ms = group.starts_ms if group.starts_ms > plan.opens_ms else self.now
        self._at(starts_ms, self._be, (agent_id, Presence.READY))
        for pause in group.breaks:
            at = pause.starts_ms(each, group.count)
            self._at(at, self._be, (agent_id, Presence.OTHER_WORK))
            if at + pause.length_ms < group.ends_ms:
                self._at(at + pause.length_ms, self._be, (agent_id, Presence.READY))
        if group.ends_ms < plan.closes_ms:
            self._at(group.ends_ms, self._be, (agent_id, Presence.OFFLINE))

    def _be(self, about: tuple[str, Presence]) -> None:
        """Said at once, felt when the contact in hand is done."""
        agent_id, presence = about
        self._desks[agent_id].wanted = presence
        self._tell(stimuli.SetPresence(agent_id, presence))

    def _agent_changed(self, fact: commands.AgentStateChanged) -> None:
        desk = self._desks[fact.agent_id]
        if desk.spends:
            self.tally.spend(desk.group, desk.spends, desk.since, self.now)
        desk.spends, desk.since = spent_on(fact.presence, fact.routing), self.now
        if fact.routing is Routing.NOT_RESPONDING:
            self._at(self.now + RETURN_MS, self._return, fact.agent_id)

    def _return(self, agent_id: str) -> None:
        """Back after not having answered, unless the shift is over or a break has begun."""
        self._be((agent_id, self._desks[agent_id].wanted))

    def _close(self) -> None:
        """The run's end: who still waits has waited in vain, and agents' time is booked up to here."""
        for call in list(self._calls.values()):
            if call.waiting:
                call.cell.left_waiting += 1
                self._tell(stimuli.CallerGone(call.arrival, "ORIGINATOR_CANCEL"))
        for desk in self._desks.values():
            if desk.spends:
                self.tally.spend(desk.group, desk.spends, desk.since, max(self.now, self.plan.closes_ms))
