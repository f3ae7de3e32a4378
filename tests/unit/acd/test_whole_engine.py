"""Whatever callers, agents and switches do, in any order and twice: what must hold holds."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.acd.domain import Outcome, Presence, Routing
from services.acd.engine import Engine, commands, stimuli
from services.acd.engine.check import validate
from services.acd.engine.floor import Policy
from services.chassis.errors import SwitchyardError
from tests.unit.acd.transcript import START, Numbered, arrival

QUEUES = ("sales", "support", "vip")
NODES = ("fs1", "fs2")
AGENTS = tuple(f"a{number}" for number in range(5))
CONTACTS = tuple(f"c{number}" for number in range(8))
POLICY = Policy(misses_before_aside=2, forget_ms=600_000, node_lost_ms=60_000)

agents = st.sampled_from(AGENTS)
contacts = st.sampled_from(CONTACTS)
queues = st.sampled_from(QUEUES)
nodes = st.sampled_from(NODES)
causes = st.sampled_from(["USER_BUSY", "NO_ANSWER", "NORMAL_CLEARING", "SWITCH_CONGESTION", "ODD"])


def node_of(contact_id: str) -> str:
    return NODES[int(contact_id[1:]) % 2]


class Floor(RuleBasedStateMachine):
    """The world outside the engine, as malicious as hypothesis can make it."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine(Numbered(), POLICY)
        self.now = START
        self.facts: list[commands.Command] = []
        self.rings: dict[str, commands.Ring] = {}
        self.ended: set[str] = set()
        for node in NODES:
            self.tell(stimuli.NodeUp(node))
        for queue in QUEUES:
            self.tell(
                stimuli.PutQueue(
                    stimuli.QueueSettings(
                        queue,
                        wrap_up_ms=5_000 if queue == "sales" else 0,
                        max_wait_ms=90_000 if queue == "vip" else 0,
                        service_level_ms=5_000 if queue == "vip" else 20_000,
                        max_length=6,
                    )
                )
            )
        given = [QUEUES, QUEUES[:1], QUEUES[1:2], QUEUES[1:], QUEUES[:1]]
        self.tell(
            stimuli.PutAgents(
                [stimuli.AgentSettings(a, a, "1", q) for a, q in zip(AGENTS, given, strict=True)]
            )
        )

    # ------------------------------------------------------------ telling

    def tell(self, stimulus: stimuli.Stimulus) -> None:
        before = len(self.facts)
        try:
            out = self.engine.handle(stimulus, self.now)
        except SwitchyardError:
            return  # refused; the invariants see to it that nothing was half done
        self.facts += out
        self.ended.update(fact.contact_id for fact in out if isinstance(fact, commands.ContactEnded))
        for command in self.facts[before:]:
            self._judge(command)

    def _judge(self, command: commands.Command) -> None:
        floor = self.engine.floor
        if isinstance(command, commands.Ring):
            assert command.offer_id not in self.rings, "an offer's id is used once"
            self.rings[command.offer_id] = command
            assert floor.nodes[command.node].up, "nobody is rung through a switch that is away"
            queue = floor.queues[command.queue]
            agent = floor.agents[command.agent_id]
            assert command.queue in agent.profile.queues
            offer = floor.offers.get(command.offer_id)
            if offer is not None:
                self._first_in_line(offer.contact, queue)
        if isinstance(command, commands.ContactOffered):
            assert command.waited_ms >= 0
            assert command.reason.idle_ms >= 0

    def _first_in_line(self, contact: Any, queue: Any) -> None:
        first = queue.lane.waiting.first_order
        assert first is None or contact.order < first, "somebody was passed over in their own queue"

    def who(self, contact: str) -> stimuli.Arrival:
        return arrival(self.id_of(contact), node_of(contact))

    def id_of(self, contact: str) -> str:
        """Nobody speaks of a call that ended so long ago that the engine forgot it: the next is a new one."""
        number = int(contact[1:])
        while (found := f"c{number}") in self.ended and found not in self.engine.floor.contacts:
            number += len(CONTACTS)
        return found

    # ------------------------------------------------------------ callers and flows

    @rule(contact=contacts, queue=queues, priority=st.integers(0, 3), age=st.integers(0, 120))
    def enqueue(self, contact: str, queue: str, priority: int, age: int) -> None:
        at = self.now - age * 1000
        who = self.who(contact)
        self.tell(stimuli.Enqueue(who, queue, priority=priority, enqueued_at=at, holder="ivr"))

    @rule(contact=contacts)
    def open(self, contact: str) -> None:
        self.tell(stimuli.Open(self.who(contact)))

    @rule(contact=contacts, lost=st.booleans())
    def caller_hangs_up(self, contact: str, lost: bool) -> None:
        self.tell(stimuli.CallerGone(self.who(contact), "NORMAL_CLEARING", lost))

    @rule(contact=contacts, outcome=st.sampled_from(list(Outcome)))
    def flow_closes(self, contact: str, outcome: Outcome) -> None:
        self.tell(stimuli.Close(self.who(contact), outcome))

    @rule(contact=contacts)
    def withdraw(self, contact: str) -> None:
        self.tell(stimuli.Withdraw(self.id_of(contact)))

    # ------------------------------------------------------------ legs: any word, at any time, for any offer

    def _offer(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.rings)[-6:]))

    @precondition(lambda self: self.rings)
    @rule(data=st.data())
    def leg_answers(self, data: st.DataObject) -> None:
        self.tell(stimuli.LegAnswered(self._offer(data)))

    @precondition(lambda self: self.rings)
    @rule(data=st.data())
    def bridged(self, data: st.DataObject) -> None:
        self.tell(stimuli.Bridged(self._offer(data)))

    @precondition(lambda self: self.rings)
    @rule(data=st.data())
    def bridge_fails(self, data: st.DataObject) -> None:
        self.tell(stimuli.BridgeFailed(self._offer(data), "No such channel"))

    @precondition(lambda self: self.rings)
    @rule(data=st.data(), cause=causes)
    def leg_ends(self, data: st.DataObject, cause: str) -> None:
        self.tell(stimuli.LegGone(self._offer(data), cause))

    @precondition(lambda self: self.rings)
    @rule(data=st.data())
    def ring_fails(self, data: st.DataObject) -> None:
        self.tell(stimuli.RingFailed(self._offer(data), "SWITCH_CONGESTION"))

    @precondition(lambda self: self.rings)
    @rule(data=st.data(), on=st.booleans())
    def hold_confirmed(self, data: st.DataObject, on: bool) -> None:
        offer = self._offer(data)
        self.tell(stimuli.Held(offer) if on else stimuli.Retrieved(offer))

    # ------------------------------------------------------------ agents

    @rule(agent=agents, presence=st.sampled_from(list(Presence)[1:]), reason=st.sampled_from(["", "lunch"]))
    def presence(self, agent: str, presence: Presence, reason: str) -> None:
        self.tell(stimuli.SetPresence(agent, presence, reason))

    @rule(agent=agents)
    def ready(self, agent: str) -> None:
        self.tell(stimuli.SetPresence(agent, Presence.READY))

    @precondition(lambda self: self.rings)
    @rule(agent=agents, data=st.data())
    def reject(self, agent: str, data: st.DataObject) -> None:
        self.tell(stimuli.Reject(agent, self._offer(data)))

    @rule(agent=agents, contact=contacts, what=st.sampled_from([stimuli.HangUp, stimuli.Hold]))
    def control(self, agent: str, contact: str, what: Any) -> None:
        self.tell(what(agent, self.id_of(contact)))

    @rule(agent=agents, contact=contacts)
    def finish(self, agent: str, contact: str) -> None:
        self.tell(stimuli.FinishWrapUp(agent, self.id_of(contact), "done"))

    @rule(agent=agents, chosen=st.sets(queues))
    def settings_change(self, agent: str, chosen: set[str]) -> None:
        self.tell(stimuli.PutAgents([stimuli.AgentSettings(agent, agent, "1", tuple(sorted(chosen)))]))

    # ------------------------------------------------------------ switches and time

    @rule(node=nodes, up=st.booleans())
    def link(self, node: str, up: bool) -> None:
        self.tell(stimuli.NodeUp(node) if up else stimuli.NodeDown(node))

    @rule(contact=contacts, agent=agents, queue=queues, leg=st.integers(0, 4))
    def conversation_found(self, contact: str, agent: str, queue: str, leg: int) -> None:
        who = self.who(contact)
        self.tell(stimuli.Adopt(who, queue, agent, f"found{leg}", self.now - 5000, self.now - 1000))

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
        """No agent has two live offers, no contact two agents."""
        live = [offer for offer in self.engine.floor.offers.values() if offer.contact.offer is offer]
        assert max(Counter(offer.agent.id for offer in live).values(), default=0) <= 1
        assert max(Counter(offer.contact.id for offer in live).values(), default=0) <= 1

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
        """Then everybody goes home, and everything comes to rest."""
        for node in NODES:
            self.tell(stimuli.NodeUp(node))
        for contact in CONTACTS:
            self.tell(stimuli.CallerGone(self.who(contact), "NORMAL_CLEARING"))
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

    def _stories(self) -> None:
        """Every offer ends in an answer or a failure, every answer in a release."""
        offered = [f.offer_id for f in self.facts if isinstance(f, commands.ContactOffered)]
        failed = [f.offer_id for f in self.facts if isinstance(f, commands.ContactOfferFailed)]
        answered = [f.offer_id for f in self.facts if isinstance(f, commands.ContactAnswered)]
        released = [f.offer_id for f in self.facts if isinstance(f, commands.ContactReleased)]
        found = [offer for offer in answered if offer.startswith("found")]
        assert sorted(failed + answered) == sorted(offered + found)
        assert sorted(answered) == sorted(released)


Floor.TestCase.settings = settings(
    max_examples=int(os.environ.get("SWITCHYARD_TEST_EXAMPLES", "60")),  # 2,000 after a change of the engine
    stateful_step_count=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrink by hand: add Phase.shrink
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestWholeEngine = Floor.TestCase
