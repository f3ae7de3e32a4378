"""Whatever callers, agents and switches do, in any order and twice: what must hold holds."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.acd.domain import (
    CallbackMode,
    Channel,
    Outcome,
    OverflowAction,
    Presence,
    RecordingFailure,
    RecordingRule,
    Routing,
    Strategy,
    WorkMode,
)
from services.acd.engine import Engine, commands, lanes, stimuli
from services.acd.engine.check import validate
from services.acd.engine.dialling import plan_of
from services.acd.engine.floor import Policy
from services.acd.engine.hands import room
from services.acd.engine.queues import OVERFLOWS, is_open
from services.acd.engine.stimuli import FLOW, ONE_CALL, Capacity, Ease, Overflow, Step, Tier
from services.chassis.errors import SwitchyardError
from services.chassis.hours import calendar_of
from tests.unit.acd.transcript import START, Numbered, arrival

QUEUES = ("sales", "support", "vip", "night")
NODES = ("fs1", "fs2")
AGENTS = tuple(f"a{number}" for number in range(6))
POLICY = Policy(misses_before_aside=2, forget_ms=10**9, node_lost_ms=60_000, callbacks_max=8, dialled_max=2)
RETRY_MS = 10_000
CHATTY = (Capacity(Channel.VOICE, 1, alone=True), Capacity(Channel.CHAT, 2))
SKILLS = ("english", "billing")

agents = st.sampled_from(AGENTS)
contacts = st.integers(0, 9)  # 0: somebody new; else so many from the newest back, 9 being one that has ended
legs = st.integers(0, 6)  # so many from the newest back; 6: one that is over
queues = st.sampled_from(QUEUES)
nodes = st.sampled_from(NODES)
causes = st.sampled_from(["USER_BUSY", "NO_ANSWER", "NORMAL_CLEARING", "SWITCH_CONGESTION", "ODD"])
skills = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 10), max_size=2).map(
    lambda found: tuple(sorted(found.items()))
)
tiers = st.builds(Tier, st.integers(1, 2), st.integers(1, 3))
needs = st.one_of(st.just(()), st.just(()), skills)
strategies = st.sampled_from(list(Strategy)[1:])
overflows = st.sampled_from(
    [
        FLOW,
        Overflow(OverflowAction.VOICEMAIL),
        *(Overflow(OverflowAction.QUEUE, queue) for queue in ("night", "night", "vip", "support")),
    ]
)
# The transcripts start at 08:00; closed from 08:01 to 08:02, and from 08:04 on.
HOURS = calendar_of("UTC", [(day, "00:00", "08:01") for day in range(1, 8)] + [(5, "08:02", "08:04")], [])
steps = st.lists(skills, max_size=2).map(
    lambda found: tuple(Step(after * 8_000, each) for after, each in enumerate(found, start=1))
)
FOR_THIS_AGENT = ("preferred", "last_agent", "assigned")
MODES = (CallbackMode.AGENT_FIRST, CallbackMode.CUSTOMER_FIRST)
callbacks = st.integers(0, 7)  # so many from the newest back
LANES = 4
"""So few kinds of requirements that they are dropped and made again all the time."""


def who(contact_id: str) -> stimuli.Arrival:
    """Every third is a chat: no call, no switch. Some call again, and may get who they spoke with."""
    number = int(contact_id[1:])
    found = arrival(contact_id, NODES[number % 2])
    found.from_number = f"+86{number % 4}"
    if number % 3 == 0:
        found.channel, found.call_id, found.node = Channel.CHAT, "", ""
    return found


def customer(callback: Any) -> stimuli.Arrival:
    """The leg of who is called back, as far as there is one."""
    leg = callback.callback.dialled or callback.call_id
    return stimuli.Arrival(callback.id, Channel.CALLBACK, callback.node, leg)


QUIET: dict[str, Any] = {"relax": (Ease(10_000, 3), Ease(30_000, 0))}


class Floor(RuleBasedStateMachine):
    """The world outside the engine, as malicious as hypothesis can make it."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = Numbered()
        self.told: list[tuple[int, stimuli.Stimulus, list[str]]] = []  # with the ids given: the journal
        self.lanes_most, lanes.LANES_MOST = lanes.LANES_MOST, LANES
        self.engine = Engine(self.numbers, POLICY)
        self.now = START
        self.facts: list[commands.Command] = []
        self.rings: dict[str, commands.ContactOffered] = {}
        self.dials: dict[str, list[int]] = {}  # callback to the moments at which it was dialled
        for node in NODES:
            self.tell(stimuli.NodeUp(node))
        for queue in reversed(QUEUES):  # overflows lead to a queue that is there
            self.put_queue(
                queue, Strategy.LONGEST_IDLE, strict=False, sticky=False, overflow=FLOW, more=QUIET
            )
        given = [QUEUES, QUEUES[:1], QUEUES[1:2], QUEUES[1:], QUEUES[:1], QUEUES[:2]]
        able = [(), (("english", 9),), (("billing", 3), ("english", 4)), (), (("billing", 8),), ()]
        self.tell(
            stimuli.PutAgents(
                [
                    stimuli.AgentSettings(
                        agent,
                        agent,
                        "1",
                        given[number],
                        skills=able[number],
                        capacity=CHATTY if number % 2 else ONE_CALL,
                    )
                    for number, agent in enumerate(AGENTS)
                ]
            )
        )

    @initialize(there=st.sets(agents), chosen=st.lists(strategies, min_size=4, max_size=4))
    def morning(self, there: set[str], chosen: list[Strategy]) -> None:
        for queue, strategy in zip(QUEUES, chosen, strict=True):
            overflow = FLOW if queue == "night" else Overflow(OverflowAction.QUEUE, "night")
            self.put_queue(queue, strategy, False, queue == "vip", overflow, QUIET)
        for agent in sorted(there):
            self.ready(agent)

    @rule(
        queue=queues,
        strategy=strategies,
        strict=st.booleans(),
        sticky=st.booleans(),
        overflow=overflows,
        more=st.fixed_dictionaries(
            {
                "hours": st.sampled_from([None, HOURS]),
                "ring_agents": st.integers(2, 3),
                "service_level_ms": st.sampled_from([5_000, 20_000]),
                "idle_since_contact": st.booleans(),
                "no_agents_after_ms": st.sampled_from([None, 0, 20_000]),
                "max_wait_ms": st.sampled_from([0, 25_000, 90_000]),
                "relax": st.sampled_from([(), (Ease(10_000, 3), Ease(30_000, 0))]),
                "callback_mode": st.sampled_from(MODES),
                "recording": st.sampled_from(RecordingRule),
            }
        ),
    )
    def put_queue(
        self,
        queue: str,
        strategy: Strategy,
        strict: bool,
        sticky: bool,
        overflow: Overflow,
        more: dict[str, Any],
    ) -> None:
        self.tell(
            stimuli.PutQueue(
                stimuli.QueueSettings(
                    queue,
                    wrap_up_ms=5_000 if queue == "sales" else 0,
                    max_length=6,
                    strategy=strategy,
                    strict=strict,
                    last_agent_wait_ms=8_000 if sticky else 0,
                    on_max_wait=overflow,
                    on_full=overflow,
                    on_closed=overflow,
                    on_no_agents=overflow,
                    callback_attempts=2,
                    callback_retry_ms=RETRY_MS,
                    callback_window_ms=60_000,
                    callback_ring_ms=8_000,
                    **more,
                )
            )
        )

    # ------------------------------------------------------------ telling

    def tell(self, stimulus: stimuli.Stimulus) -> None:
        before, given = len(self.facts), self.numbers.given
        try:
            out = self.engine.handle(stimulus, self.now)
        except SwitchyardError:
            return  # refused; the invariants see to it that nothing was half done
        ids = [f"o{number}" for number in range(given + 1, self.numbers.given + 1)]
        self.told.append((self.engine.floor.now, stimulus, ids))
        self.facts += out
        for command in self.facts[before:]:
            self._judge(command, several=isinstance(stimulus, stimuli.Tick))

    def _judge(self, command: commands.Command, *, several: bool) -> None:
        """`several`: of many things at one moment, each right when it was done."""
        floor = self.engine.floor
        if isinstance(command, commands.Ring):
            assert floor.nodes[command.node].up, "nobody is rung through a switch that is away"
        if isinstance(command, commands.Dial):
            self._may_be_called(command)
        if isinstance(command, commands.ContactOffered):
            assert command.offer_id not in self.rings, "an offer's id is used once"
            self.rings[command.offer_id] = command
            assert command.waited_ms >= 0
            self._explained(command)
            offer = floor.offers.get(command.offer_id)
            if offer is not None and offer.contact.offer is offer and not several:
                self._first_in_line(offer)
                self._first_of_agents(offer, command.decision)

    def _may_be_called(self, dial: commands.Dial) -> None:
        """In its window and the queue's hours, through a switch that is there, not too often nor too soon."""
        floor, now = self.engine.floor, self.engine.floor.now
        assert floor.nodes[dial.node].up
        plan = floor.contacts[dial.contact_id].callback
        assert plan is not None
        assert plan.not_before <= now < plan.not_after, "out of the window"
        assert is_open(floor.queues[dial.queue], now), "the queue is closed"
        before = self.dials.setdefault(dial.contact_id, [])
        assert not before or now >= before[-1] + RETRY_MS, "called again too soon"
        before.append(now)
        assert len(before) <= plan.attempts_max, "called too often"

    def _explained(self, offered: commands.ContactOffered) -> None:
        """The explanation is about this offer, and true of it."""
        why, floor = offered.decision, self.engine.floor
        assert (why.offer_id, why.agent_id, why.queue) == (offered.offer_id, offered.agent_id, offered.queue)
        assert why.idle_ms >= 0
        assert (why.seeker == "agent") == bool(why.competing)
        assert bool(why.runner_up) == bool(why.others)
        assert why.runner_up != why.agent_id
        contact, agent = floor.contacts[offered.contact_id], floor.agents[offered.agent_id]
        assert contact.decisions is not None
        assert why in contact.decisions
        assert agent.id not in contact.excluded
        assert (why.by == "lead") == (why.rule == "assigned")
        if why.rule in FOR_THIS_AGENT:
            return
        assert why.rule == floor.queues[offered.queue].settings.strategy.name.lower()
        able = dict(agent.settings.skills)
        assert all(able.get(name, 0) >= level for name, level in why.required), "not qualified"

    def _first_in_line(self, offer: Any) -> None:
        """Nobody of the same queue whom this agent could have taken instead comes before this contact."""
        contact, agent = offer.contact, offer.agent
        if contact.decisions[-1].rule in FOR_THIS_AGENT:
            self._given_first(contact, agent)
            return
        for lane in offer.queue.lanes.values():
            first = lane.waiting.first_order
            mine = any(pool in lane.pools for pool in agent.profile.pools) and agent.id not in lane.excluded
            if first is not None and mine and lane.need[0] is contact.channel:
                assert contact.order < first, "somebody was passed over in their own queue"

    def _given_first(self, contact: Any, agent: Any) -> None:
        """Of who waits for this agent alone, those come first whom a team lead gave them."""
        if agent.given is not None and contact.decisions[-1].seeker == "contact":
            passed = [other for other in agent.given.waiting if room(agent) >> other.channel & 1]
            assert not passed, "somebody given to this agent was passed over"

    def _first_of_agents(self, offer: Any, why: commands.Decision) -> None:
        """Who looked for an agent passed over nobody of a lower tier, nor in it who is longer idle."""
        contact, agent, queue = offer.contact, offer.agent, offer.queue
        if why.rule in FOR_THIS_AGENT or why.seeker == "agent" or contact.skills != why.required:
            return
        for other in self.engine.floor.agents.values():
            idle = room(other) >> contact.channel & 1 and not other.hands and other is not agent
            able = lanes.qualifies(other.profile.skills, contact.skills) and other.id not in contact.excluded
            if not idle or not able or queue.name not in other.profile.tiers:
                continue
            assert other.profile.tiers[queue.name] >= why.tier, "a lower tier was passed over"
            by_idle = why.rule == "longest_idle" and not queue.settings.idle_since_contact
            if by_idle and other.profile.tiers[queue.name] == why.tier and agent.hands == [offer]:
                assert other.idle_since >= self.now - why.idle_ms, "somebody has been idle for longer"

    # ------------------------------------------------------------ callers and flows

    def name(self, number: int) -> str:
        """Which contact a number means at this moment."""
        known = list(self.engine.floor.contacts.values())[::-1]
        live = [contact.id for contact in known if contact.state != "ended"]
        over = [contact.id for contact in known if contact.state == "ended"]
        found = over[:1] if number == 9 else live[number - 1 : number] if number else []
        return found[0] if found else f"c{len(known)}"

    @rule(
        contact=contacts,
        queue=queues,
        priority=st.integers(0, 3),
        age=st.integers(0, 120),
        required=needs,
        more=st.fixed_dictionaries(
            {
                "preferred": st.sampled_from(["", "", *AGENTS]),
                "excluded": st.sets(agents, max_size=2).map(tuple),
                "booked_s": st.sampled_from([0, 0, -60, 30]),
                "relax": steps,
                "never_relax": st.booleans(),
            }
        ),
    )
    def enqueue(
        self,
        contact: int,
        queue: str,
        priority: int,
        age: int,
        required: stimuli.Skills,
        more: dict[str, Any],
    ) -> None:
        self.tell(
            stimuli.Enqueue(
                who(self.name(contact)),
                queue,
                priority=priority,
                enqueued_at=self.now - age * 1000,
                holder="ivr",
                skills=required,
                preferred=more["preferred"],
                prefer_ms=10_000,
                excluded=more["excluded"],
                booked_at=self.now + more["booked_s"] * 1000 if more["booked_s"] else 0,
                relax=more["relax"],
                never_relax=more["never_relax"],
            )
        )

    @rule(contact=contacts, queue=queues)
    def enqueue_plainly(self, contact: int, queue: str) -> None:
        self.tell(stimuli.Enqueue(who(self.name(contact)), queue, holder="ivr"))

    @rule(contact=contacts)
    def open(self, contact: int) -> None:
        self.tell(stimuli.Open(who(self.name(contact))))

    @rule(contact=contacts, lost=st.booleans())
    def caller_hangs_up(self, contact: int, lost: bool) -> None:
        self.tell(stimuli.CallerGone(who(self.name(contact)), "NORMAL_CLEARING", lost))

    @rule(contact=contacts, outcome=st.sampled_from(list(Outcome)))
    def flow_closes(self, contact: int, outcome: Outcome) -> None:
        self.tell(stimuli.Close(who(self.name(contact)), outcome))

    @rule(contact=contacts, agent=agents, seconds=st.sampled_from([1, 30]))
    def team_lead_gives(self, contact: int, agent: str, seconds: int) -> None:
        self.tell(stimuli.Assign(self.name(contact), agent, "lead", seconds * 1000))

    @rule(contact=contacts)
    def withdraw(self, contact: int) -> None:
        self.tell(stimuli.Withdraw(self.name(contact)))

    # ------------------------------------------------------------ callbacks

    def new_callback(self) -> str:
        return f"b{len(self.engine.floor.contacts)}"

    @rule(contact=contacts, queue=queues, number=st.integers(0, 5), mode=st.sampled_from((0, *MODES)))
    def asks_to_be_called_back(self, contact: int, queue: str, number: int, mode: int) -> None:
        caller = who(self.name(contact))
        if caller.channel is Channel.VOICE:
            wanted = CallbackMode(mode)
            self.tell(
                stimuli.RequestCallback(self.new_callback(), f"+861{number}", queue, caller, mode=wanted)
            )

    @rule(
        queue=queues,
        number=st.integers(0, 5),
        begins_s=st.sampled_from([0, 0, 5, 40]),
        lasts_s=st.sampled_from([0, 1, 30]),
        attempts=st.integers(0, 3),
        required=needs,
        preferred=st.sampled_from(["", *AGENTS]),
    )
    def appointment(
        self,
        queue: str,
        number: int,
        begins_s: int,
        lasts_s: int,
        attempts: int,
        required: stimuli.Skills,
        preferred: str,
    ) -> None:
        begins = self.now + begins_s * 1000
        self.tell(
            stimuli.RequestCallback(
                self.new_callback(),
                f"+861{number}",
                queue,
                not_before=begins if begins_s else 0,
                not_after=begins + lasts_s * 1000 if lasts_s else 0,
                attempts=attempts,
                skills=required,
                preferred=preferred,
                by="lead",
            )
        )

    def called(self, number: int) -> Any:
        """Which callback a number means at this moment; those that are called come first."""
        found = list(self.engine.floor.callbacks.values())[::-1]
        found.sort(key=lambda each: not (plan_of(each).dialled or each.call_id))
        return found[number % len(found)] if found else None

    @rule(contact=contacts, callback=callbacks)
    def cancels(self, contact: int, callback: int) -> None:
        found = self.called(callback)
        self.tell(stimuli.CancelCallback(found.id if found else self.name(contact), "lead"))

    @rule(callback=callbacks, late=st.booleans())
    def customer_answers(self, callback: int, late: bool) -> None:
        if found := self.called(callback):
            leg = "o1" if late else found.callback.dialled or "o2"
            self.tell(stimuli.CustomerAnswered(found.id, leg, found.node or "fs1"))

    @rule(callback=callbacks, cause=causes)
    def customer_is_not_reached(self, callback: int, cause: str) -> None:
        if found := self.called(callback):
            self.tell(stimuli.DialFailed(found.id, found.callback.dialled, cause))

    @rule(callback=callbacks, lost=st.booleans())
    def customer_hangs_up(self, callback: int, lost: bool) -> None:
        if found := self.called(callback):
            self.tell(stimuli.CallerGone(customer(found), "NORMAL_CLEARING", lost))

    @rule(callback=callbacks)
    def is_called_back(self, callback: int) -> None:
        """As it should be: agent, customer and bridge; or customer, agent and bridge."""
        found = self.called(callback)
        if found is None or found.offer is None:
            return
        offer = found.offer.id
        for _ in range(2):
            self.tell(stimuli.LegAnswered(offer))
            self.tell(stimuli.CustomerAnswered(found.id, found.callback.dialled, found.node))
        self.tell(stimuli.Bridged(offer))

    @rule(callback=callbacks, node=nodes)
    def customer_found(self, callback: int, node: str) -> None:
        if found := self.called(callback):
            self.tell(stimuli.CustomerFound(found.id, f"leg-{found.id}", node))

    # ------------------------------------------------------------ legs: any word, at any time, for any offer

    def leg(self, number: int) -> str:
        """Which offer a number means at this moment."""
        live = list(self.engine.floor.offers)[::-1]
        over = [offer for offer in self.rings if offer not in self.engine.floor.offers][::-1]
        found = over if number == 6 or not live else [live[number % len(live)]]
        return found[0] if found else "unknown"

    @rule(leg=legs)
    def leg_answers(self, leg: int) -> None:
        self.tell(stimuli.LegAnswered(self.leg(leg)))

    @rule(leg=legs)
    def bridged(self, leg: int) -> None:
        self.tell(stimuli.Bridged(self.leg(leg)))

    @rule(leg=legs)
    def is_taken(self, leg: int) -> None:
        """As it should be: the phone is picked up and the bridge stands; or the chat is accepted."""
        offer = self.leg(leg)
        for stimulus in (stimuli.LegAnswered(offer), stimuli.Bridged(offer)):
            self.tell(stimulus)

    @rule(leg=legs)
    def bridge_fails(self, leg: int) -> None:
        self.tell(stimuli.BridgeFailed(self.leg(leg), "No such channel"))

    @rule(leg=legs, cause=causes, by_switch=st.booleans())
    def leg_ends(self, leg: int, cause: str, by_switch: bool) -> None:
        self.tell(stimuli.LegGone(self.leg(leg), cause, by_switch))

    @rule(leg=legs)
    def is_hung_up(self, leg: int) -> None:
        """The caller, then the agent's phone."""
        found = self.engine.floor.offers.get(self.leg(leg))
        if found is not None:
            self.tell(stimuli.CallerGone(who(found.contact.id)))
            self.tell(stimuli.LegGone(found.id, "NORMAL_CLEARING"))

    @rule(leg=legs)
    def ring_fails(self, leg: int) -> None:
        self.tell(stimuli.RingFailed(self.leg(leg), "SWITCH_CONGESTION"))

    @rule(leg=legs, on=st.booleans())
    def hold_confirmed(self, leg: int, on: bool) -> None:
        self.tell(stimuli.Held(self.leg(leg)) if on else stimuli.Retrieved(self.leg(leg)))

    @rule(leg=legs, said=st.sampled_from(("runs", "masked", "unmasked", "over", "refused")))
    def switch_says_of_a_recording(self, leg: int, said: str) -> None:
        offer = self.leg(leg)
        words: dict[str, stimuli.Stimulus] = {
            "runs": stimuli.RecordingRuns(offer),
            "masked": stimuli.RecordingMasked(offer, on=True),
            "unmasked": stimuli.RecordingMasked(offer, on=False),
            "over": stimuli.RecordingOver(offer, 1_000),
            "refused": stimuli.RecordingRefused(offer, RecordingFailure.REFUSED, "full"),
        }
        self.tell(words[said])

    @rule(leg=legs, on=st.booleans())
    def pause_recording(self, leg: int, on: bool) -> None:
        found = self.engine.floor.offers.get(self.leg(leg))
        if found is not None:
            self.tell(stimuli.PauseRecording(found.agent.id, found.contact.id, on))

    # ------------------------------------------------------------ agents

    @rule(agent=agents, presence=st.sampled_from(list(Presence)[1:]), reason=st.sampled_from(["", "lunch"]))
    def presence(self, agent: str, presence: Presence, reason: str) -> None:
        self.tell(stimuli.SetPresence(agent, presence, reason))

    @rule(agent=agents)
    def ready(self, agent: str) -> None:
        self.tell(stimuli.SetPresence(agent, Presence.READY))

    @rule(agent=agents, mode=st.sampled_from(list(WorkMode)))
    def signs_in_again(self, agent: str, mode: WorkMode) -> None:
        self.tell(stimuli.SetPresence(agent, Presence.READY, "back", by="lead", work_mode=mode))

    @rule(leg=legs)
    def accepts(self, leg: int) -> None:
        offer = self.leg(leg)
        if offer in self.rings:
            self.tell(stimuli.Answer(self.rings[offer].agent_id, offer))

    @rule(leg=legs)
    def reject(self, leg: int) -> None:
        offer = self.leg(leg)
        if offer in self.rings:
            self.tell(stimuli.Reject(self.rings[offer].agent_id, offer))

    @rule(agent=agents, leg=legs)
    def reject_what_is_not_theirs(self, agent: str, leg: int) -> None:
        self.tell(stimuli.Reject(agent, self.leg(leg)))

    @rule(agent=agents, contact=contacts, queue=queues, to=agents, which=st.booleans())
    def give_away(self, agent: str, contact: int, queue: str, to: str, which: bool) -> None:
        target = {"queue": queue} if which else {"to_agent": to}
        self.tell(stimuli.Transfer(agent, self.name(contact), **target))

    @rule(
        agent=agents,
        contact=contacts,
        what=st.sampled_from([stimuli.HangUp, stimuli.Hold, stimuli.PressKeys]),
    )
    def control(self, agent: str, contact: int, what: Any) -> None:
        self.tell(what(agent, self.name(contact)))

    @rule(agent=agents, contact=contacts)
    def finish(self, agent: str, contact: int) -> None:
        self.tell(stimuli.FinishWrapUp(agent, self.name(contact), "done"))

    @rule(agent=agents, tiers=st.dictionaries(queues, tiers), able=skills, chats=st.booleans())
    def settings_change(self, agent: str, tiers: dict[str, Tier], able: stimuli.Skills, chats: bool) -> None:
        settings = stimuli.AgentSettings(
            agent,
            agent,
            "1",
            tuple(sorted(tiers)),
            tiers=tiers,
            skills=able,
            capacity=CHATTY if chats else ONE_CALL,
        )
        self.tell(stimuli.PutAgents([settings]))

    # ------------------------------------------------------------ switches and time

    @rule(node=nodes, up=st.booleans())
    def link(self, node: str, up: bool) -> None:
        self.tell(stimuli.NodeUp(node) if up else stimuli.NodeDown(node))

    @rule(contact=contacts, agent=agents, queue=queues, leg=st.integers(0, 4))
    def conversation_found(self, contact: int, agent: str, queue: str, leg: int) -> None:
        found = who(self.name(contact))
        if found.channel is Channel.VOICE:
            self.tell(stimuli.Adopt(found, queue, agent, f"found{leg}", self.now - 5000, self.now - 1000))

    @rule()
    def midnight(self) -> None:
        self.tell(stimuli.NewDay())

    @rule(seconds=st.sampled_from([0.5, 3, 16, 70]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + round(seconds * 1000)
        while (due := self.engine.next_due) is not None and due <= end:
            self.now = max(due, self.now)
            self.tell(stimuli.Tick())
        self.now = end

    # ------------------------------------------------------------ what must hold

    @invariant()
    def consistent(self) -> None:
        validate(self.engine.floor)

    @invariant()
    def nobody_twice(self) -> None:
        """No agent has two calls, no contact two conversations."""
        live = [offer for offer in self.engine.floor.offers.values() if offer.contact.offer is offer]
        assert max(Counter(offer.agent.id for offer in live if offer.leg).values(), default=0) <= 1
        assert max(Counter(offer.contact.id for offer in live).values(), default=0) <= 1

    @invariant()
    def capacity_is_kept(self) -> None:
        """Two chats at most; nothing beside a call."""
        for agent in self.engine.floor.agents.values():
            kinds = Counter(offer.contact.channel for offer in agent.hands)
            assert kinds[Channel.VOICE] <= 1
            assert kinds[Channel.CHAT] <= 2

    @invariant()
    def ended_once_and_opened_before(self) -> None:
        opened = Counter(f.contact_id for f in self.facts if isinstance(f, commands.ContactOpened))
        ended = Counter(f.contact_id for f in self.facts if isinstance(f, commands.ContactEnded))
        assert all(count == 1 for count in opened.values())
        assert all(count == 1 for count in ended.values())
        assert set(ended) <= set(opened)
        still = {c.id for c in self.engine.floor.contacts.values() if c.state != "ended"}
        assert still == set(opened) - set(ended), "a contact was lost without a word"

    def teardown(self) -> None:
        try:
            self._closing_time()
        finally:
            lanes.LANES_MOST = self.lanes_most

    def _closing_time(self) -> None:
        """Then everybody goes home, and everything comes to rest."""
        for node in NODES:
            self.tell(stimuli.NodeUp(node))
        for callback in list(self.engine.floor.callbacks.values()):
            self.tell(stimuli.DialFailed(callback.id, plan_of(callback).dialled, "NO_ANSWER"))
            self.tell(stimuli.CallerGone(customer(callback), "NORMAL_CLEARING"))
            self.tell(stimuli.CancelCallback(callback.id))
        left = [(c.id, c.state, c.callback, c.call_id, c.offer) for c in self.engine.floor.callbacks.values()]
        assert not left, "a callback cannot be ended"
        for contact in list(self.engine.floor.contacts):
            self.tell(stimuli.CallerGone(who(contact), "NORMAL_CLEARING"))
        for offer in list(self.rings) + [f"found{leg}" for leg in range(5)]:
            self.tell(stimuli.LegGone(offer, "NORMAL_CLEARING"))
        self.time_passes(70)
        self.consistent()
        self.ended_once_and_opened_before()
        floor = self.engine.floor
        assert not floor.offers
        assert floor.open == 0
        quiet = (Routing.IDLE, Routing.NOT_RESPONDING)
        assert all(agent.routing in quiet for agent in floor.agents.values()), "an agent is stuck"
        self._stories()
        self._journeys()

    def _stories(self) -> None:
        """Every offer ends in an answer or a failure, every answer in a release."""
        offered = [f.offer_id for f in self.facts if isinstance(f, commands.ContactOffered)]
        failed = [f.offer_id for f in self.facts if isinstance(f, commands.ContactOfferFailed)]
        answered = [f.offer_id for f in self.facts if isinstance(f, commands.ContactAnswered)]
        released = [f.offer_id for f in self.facts if isinstance(f, commands.ContactReleased)]
        found = [offer for offer in answered if offer.startswith("found")]
        assert sorted(failed + answered) == sorted(offered + found)
        assert sorted(answered) == sorted(released)

    def _journeys(self) -> None:
        """Who was queued left, by an answer or with a reason; whom a queue put out the flow was told of."""
        inside: dict[str, str] = {}
        told: Counter[tuple[str, str]] = Counter()
        for fact in self.facts:
            if isinstance(fact, commands.ContactQueued):
                assert fact.contact_id not in inside, "queued twice"
                inside[fact.contact_id] = fact.queue
            elif isinstance(fact, commands.ContactAnswered):
                inside.pop(fact.contact_id, None)
            elif isinstance(fact, commands.ContactLeftQueue):
                was_in = inside.pop(fact.contact_id, None)
                assert was_in in (fact.queue, None), "left another queue than it was in"
                put_out = fact.reason in OVERFLOWS and fact.overflow.action is not OverflowAction.QUEUE
                told[fact.contact_id, fact.queue] += bool(was_in) and put_out
            elif isinstance(fact, commands.Expel):
                told[fact.contact_id, fact.queue] -= 1
        assert not inside, "somebody is still in a queue"
        assert not any(told.values()), "put out, and the flow was not told"


Floor.TestCase.settings = settings(
    max_examples=int(os.environ.get("SWITCHYARD_TEST_EXAMPLES", "60")),  # 2,000 after a change of the engine
    stateful_step_count=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrink by hand: add Phase.shrink
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestWholeEngine = Floor.TestCase
