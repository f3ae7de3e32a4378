"""Tests of the engine read as transcripts: what was told, at which second, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from services.acd.domain import Channel, Outcome, Presence
from services.acd.engine import Engine, commands, stimuli
from services.acd.engine.check import validate
from services.acd.engine.floor import Policy
from services.chassis.hours import Calendar, calendar_of

START = 1_800_000_000_000
NODE = "fs1"

C = TypeVar("C")


class Numbered:
    """Ids that a test can foretell: o1, o2, …"""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self) -> str:
        self.given += 1
        return f"o{self.given}"


class Day:
    """An engine with a clock one turns by hand. Every stimulus is followed by a full check."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.engine = Engine(Numbered(), policy)
        self.now = START
        self.log: list[commands.Command] = []
        self.tell(stimuli.NodeUp(NODE))

    def tell(self, stimulus: stimuli.Stimulus) -> list[commands.Command]:
        out = self.engine.handle(stimulus, self.now)
        validate(self.engine.floor)
        self.log += out
        return out

    def wait(self, seconds: float) -> list[commands.Command]:
        """Lets time pass, doing what falls due on the way at its own moment."""
        end = self.now + round(seconds * 1000)
        out: list[commands.Command] = []
        while (due := self.engine.next_due) is not None and due <= end:
            self.now = max(due, self.now)
            out += self.tell(stimuli.Tick())
        self.now = end
        return out

    # ------------------------------------------------------------ shorthand

    def queue(self, name: str = "sales", **settings: Any) -> None:
        self.tell(stimuli.PutQueue(stimuli.QueueSettings(name, **settings)))

    def agent(
        self, agent_id: str, *queues: str, ready: bool = True, **settings: Any
    ) -> list[commands.Command]:
        """Made or changed; a new one signs in."""
        known = agent_id in self.engine.floor.agents
        settings.setdefault("tiers", {})
        served = tuple(sorted({*queues, *settings["tiers"]})) or ("sales",)
        who = stimuli.AgentSettings(agent_id, agent_id, f"9{agent_id}", served, **settings)
        out = self.tell(stimuli.PutAgents([who]))
        return out + self.ready(agent_id) if ready and not known else out

    def ready(self, agent_id: str) -> list[commands.Command]:
        return self.tell(stimuli.SetPresence(agent_id, Presence.READY))

    def away(self, agent_id: str, reason: str = "lunch") -> list[commands.Command]:
        return self.tell(stimuli.SetPresence(agent_id, Presence.OTHER_WORK, reason))

    def sign_out(self, agent_id: str) -> list[commands.Command]:
        return self.tell(stimuli.SetPresence(agent_id, Presence.OFFLINE))

    def call(self, contact_id: str, queue: str = "sales", **more: Any) -> list[commands.Command]:
        return self.tell(stimuli.Enqueue(arrival(contact_id), queue, holder="ivr1", **more))

    def chat(self, contact_id: str, queue: str = "sales", **more: Any) -> list[commands.Command]:
        return self.tell(stimuli.Enqueue(chat(contact_id), queue, holder="web1", **more))

    def chat_gone(self, contact_id: str) -> list[commands.Command]:
        return self.tell(stimuli.CallerGone(chat(contact_id)))

    def hang_up(self, contact_id: str, cause: str = "NORMAL_CLEARING") -> list[commands.Command]:
        return self.tell(stimuli.CallerGone(arrival(contact_id), cause))

    def talk(self, contact_id: str, agent_id: str = "a1") -> str:
        """From a call to a conversation; gives the offer's id."""
        offer = one(self.call(contact_id), commands.Ring)
        assert offer.agent_id == agent_id
        self.pick_up(offer.offer_id)
        return offer.offer_id

    def pick_up(self, offer_id: str) -> list[commands.Command]:
        """The phone is answered, and the two hear each other."""
        return self.tell(stimuli.LegAnswered(offer_id)) + self.tell(stimuli.Bridged(offer_id))

    def over(self, contact_id: str, offer_id: str) -> list[commands.Command]:
        """The caller hangs up, and the agent's phone is free."""
        return self.hang_up(contact_id) + self.tell(stimuli.LegGone(offer_id, "NORMAL_CLEARING"))

    def miss(self, offer_id: str) -> list[commands.Command]:
        """The agent's phone says it is busy: a miss, and the leg is gone at once."""
        return self.tell(stimuli.LegGone(offer_id, "USER_BUSY"))

    def state(self, contact_id: str) -> str:
        return str(self.engine.floor.contacts[contact_id].state)

    def routing(self, agent_id: str) -> str:
        return self.engine.floor.agents[agent_id].routing.name


def arrival(contact_id: str, node: str = NODE) -> stimuli.Arrival:
    return stimuli.Arrival(
        contact_id, node=node, call_id=f"call-{contact_id}", from_number="+8613800000001", to_number="10050"
    )


def weekdays(opens: str, closes: str, zone: str = "UTC", closed_on: tuple[str, ...] = ()) -> Calendar:
    """Monday to Friday."""
    return calendar_of(zone, [(day, opens, closes) for day in range(1, 6)], closed_on)


def morning(hour: float) -> int:
    """That hour, UTC, of Monday, 18 January 2027: three days after the transcripts start."""
    return START + 3 * 86_400_000 - START % 86_400_000 + round(hour * 3_600_000)


def chat(contact_id: str) -> stimuli.Arrival:
    return stimuli.Arrival(contact_id, Channel.CHAT, from_number=f"visitor-{contact_id}")


def told(out: Iterable[commands.Command], kind: type[C]) -> list[C]:
    return [command for command in out if isinstance(command, kind)]


def one(out: Iterable[commands.Command], kind: type[C]) -> C:
    found = told(out, kind)
    assert len(found) == 1, f"{len(found)} × {kind.__name__}"
    return found[0]


def rung(out: Iterable[commands.Command]) -> list[str]:
    return [ring.agent_id for ring in told(out, commands.Ring)]


def offered(out: Iterable[commands.Command]) -> list[str]:
    """Whom contacts were offered to, of whatever channel."""
    return [offer.agent_id for offer in told(out, commands.ContactOffered)]


def why(out: Iterable[commands.Command]) -> commands.Decision:
    return one(out, commands.ContactOffered).decision


def outcome(out: Iterable[commands.Command]) -> Outcome:
    return one(out, commands.ContactEnded).outcome
