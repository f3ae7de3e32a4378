"""The ACD's engine alone, all its rules switched on: a contact comes, an agent comes free and gets one, a
conversation ends.

One *pair* is all of a contact's life but the waiting: Enqueue, Ring, LegAnswered, Bridged, LegGone and
CallerGone, each a `handle` with its commands and facts. All agents talk and all queues are full the whole
time, so every pair is decided among everything that waits.

Switched on: priorities, skills with levels required by two contacts in three and relaxed in two steps by
timers, callers' last agents preferred for ten seconds, agents with a capacity of one call and three chats and
with tiers, queues of five strategies, waits foretold and judged, every decision explained. Time passes as it
would with these agents and conversations of three minutes; what falls due is part of the pair it falls in.

Times are of this thread alone (its CPU), so that neighbours on the machine do not count; garbage is collected
as rarely as the service does.

The floor does the same deciding with bare heaps and nothing else: one queue for an agent, longest idle
only, no states, no facts, no timers.

`BENCH_QUICK=1`: a tenth of the pairs and no million, for trying the bench itself.
"""

from __future__ import annotations

import gc
import os
import random
import resource
import time
from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from deploy.local.bench import Row
from services.acd.domain import Channel, Presence, Strategy
from services.acd.engine import Engine, commands, stimuli
from services.acd.engine.stimuli import Capacity, Ease, Tier

QUICK = os.environ.get("BENCH_QUICK") == "1"
SIZES = ((100, 1_000), (1_000, 10_000), (10_000, 100_000), (50_000, 1_000_000))[: 3 if QUICK else 4]
PAIRS = 3_000 if QUICK else 30_000
QUEUES = 200
QUEUES_OF_AGENT = 3
PROFILES = 60
NODE = "fs1"
SKILLS = ("english", "cantonese", "billing", "technical")
STRATEGIES = (
    Strategy.LONGEST_IDLE,
    Strategy.LEAST_OCCUPIED,
    Strategy.FEWEST_CONTACTS,
    Strategy.ROUND_ROBIN,
    Strategy.BEST_SKILL,
)
CAPACITY = (Capacity(Channel.VOICE, 1, alone=True), Capacity(Channel.CHAT, 3))
RELAX = (Ease(30_000, 3), Ease(90_000, 0))
HANDLING_MS = 180_000
CALLERS = 50_000  # numbers that call; many call again

GOAL_SHARE = 0.25  # of the floor's pairs per second, at 10,000 agents and 100,000 waiting
GOAL_P99_US = 50.0
GOAL_GROWTH = 2.0  # ten times the agents and waiting may cost so much more
GOAL_MEMORY_MB = 2_048.0  # of the process, with a million waiting
GC_THRESHOLD = (20_000, 20, 20)  # as services.acd.__main__


def floor(agents: int, waiting: int, pairs: int) -> list[int]:
    """Nanoseconds of each pair with bare heaps."""
    chance = random.Random(1)
    queues: list[list[tuple[int, int]]] = [[] for _ in range(min(QUEUES, agents))]
    idle: list[list[tuple[int, int]]] = [[] for _ in queues]
    homes = [agent % len(queues) for agent in range(agents)]
    for number in range(waiting):
        heappush(queues[number % len(queues)], (number, number))
    took = []
    for number in range(waiting, waiting + pairs):
        queue, agent = chance.randrange(len(queues)), chance.randrange(agents)
        home = homes[agent]
        began = time.thread_time_ns()
        heappush(queues[queue], (number, number))
        heappush(idle[home], (number, agent))
        if queues[home]:
            heappop(queues[home])
            heappop(idle[home])
        took.append(time.thread_time_ns() - began)
    return took


class Hall:
    """An engine with everybody talking and everything full."""

    def __init__(self, agents: int, waiting: int) -> None:
        self.chance = random.Random(1)
        ids = (f"o{number}" for number in _count())
        self.engine = Engine(lambda: next(ids))
        self.now = 1_800_000_000_000.0
        self.step_ms = HANDLING_MS / agents  # between two conversations' ends
        self.talking: list[tuple[str, str]] = []
        self.number = 0
        self.names = [f"q{number}" for number in range(min(QUEUES, agents))]
        self.tell(stimuli.NodeUp(NODE))
        for number, name in enumerate(self.names):
            strategy = STRATEGIES[number % len(STRATEGIES)]
            settings = stimuli.QueueSettings(
                name, max_length=10_000_000, strategy=strategy, relax=RELAX, last_agent_wait_ms=10_000
            )
            self.tell(stimuli.PutQueue(settings))
        who = [f"a{number}" for number in range(agents)]
        self.tell(stimuli.PutAgents(self._settings(who)))
        for _ in range(waiting):
            self.tick()
            self.enqueue()
        for agent in who:
            self.settle(self.tell(stimuli.SetPresence(agent, Presence.READY)))
        while self.number < waiting + agents:  # those whom the agents took are replaced
            self.enqueue()

    def _settings(self, who: list[str]) -> list[stimuli.AgentSettings]:
        chance = self.chance
        sets = [
            tuple(chance.sample(self.names, min(QUEUES_OF_AGENT, len(self.names))))
            for _ in range(min(PROFILES, len(who)))
        ]
        # Every queue has somebody, or its callers would wait for ever.
        sets += [
            tuple(self.names[at : at + QUEUES_OF_AGENT]) for at in range(0, len(self.names), QUEUES_OF_AGENT)
        ]
        kinds = [
            (queues, {queues[0]: Tier(2)} if number % 2 else {}, _skills(chance, 3))
            for number, queues in enumerate(sets)
        ]
        return [
            stimuli.AgentSettings(agent, agent, "1", queues, tiers=tiers, skills=skills, capacity=CAPACITY)
            for agent, (queues, tiers, skills) in zip(who, _again(kinds), strict=False)
        ]

    def tell(self, stimulus: stimuli.Stimulus) -> list[commands.Command]:
        return self.engine.handle(stimulus, int(self.now))

    def tick(self) -> None:
        """Time passes; what is due is done, as the router's timer has it done."""
        self.now += self.step_ms
        while (due := self.engine.next_due) is not None and due <= self.now:
            self.settle(self.tell(stimuli.Tick()))

    def arrival(self) -> stimuli.Enqueue:
        self.number += 1
        caller = f"+86{self.chance.randrange(CALLERS)}"
        who = stimuli.Arrival(f"c{self.number}", node=NODE, call_id=f"l{self.number}", from_number=caller)
        return stimuli.Enqueue(
            who,
            self.chance.choice(self.names),
            priority=self.chance.choice((0, 0, 0, 1)),
            skills=self.chance.choice(REQUIRED),
        )

    def enqueue(self) -> None:
        self.settle(self.tell(self.arrival()))

    def settle(self, out: list[commands.Command]) -> None:
        """Every phone that rings is answered."""
        for command in out:
            if isinstance(command, commands.Ring):
                self.tell(stimuli.LegAnswered(command.offer_id))
                self.tell(stimuli.Bridged(command.offer_id))
                self.talking.append((command.offer_id, command.contact_id))

    def pair(self) -> int:
        """Nanoseconds from a contact's coming to the next conversation, with another one's end."""
        arrival = self.arrival()
        at = self.chance.randrange(len(self.talking))
        offer, contact = self.talking[at]
        self.talking[at] = self.talking[-1]
        self.talking.pop()
        gone = stimuli.CallerGone(stimuli.Arrival(contact), "NORMAL_CLEARING")
        began = time.thread_time_ns()
        self.tick()
        self.settle(self.tell(arrival))
        self.settle(self.tell(stimuli.LegGone(offer, "NORMAL_CLEARING")))
        self.tell(gone)
        return time.thread_time_ns() - began


REQUIRED: tuple[stimuli.Skills, ...] = ((), (("english", 2),), (("billing", 4),))


def _skills(chance: random.Random, most: int) -> stimuli.Skills:
    return tuple(sorted((name, chance.randint(1, 10)) for name in chance.sample(SKILLS, most)))


def _again(kinds: list[Kind]) -> Iterator[Kind]:
    while True:
        yield from kinds


Kind = tuple[tuple[str, ...], dict[str, Tier], stimuli.Skills]


def _count() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


def engine(agents: int, waiting: int, pairs: int) -> list[int]:
    """Nanoseconds of each pair with the engine."""
    hall = Hall(agents, waiting)
    gc.collect()
    gc.freeze()  # as the service does: what lives long is not looked at again and again
    before = gc.get_threshold()
    gc.set_threshold(*GC_THRESHOLD)
    try:
        return [hall.pair() for _ in range(pairs)]
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def measure(
    kind: Callable[[int, int, int], list[int]], agents: int, waiting: int
) -> tuple[float, float, float]:
    """Pairs per second, p50 and p99 in µs."""
    took = sorted(kind(agents, waiting, PAIRS))
    per_s = len(took) / (sum(took) / 1e9)
    return per_s, took[len(took) // 2] / 1e3, took[int(len(took) * 0.99)] / 1e3


def main() -> list[Row]:
    """Sizes from a team to a country's largest centre."""
    rows: list[Row] = []
    smaller_s = 0.0
    for agents, waiting in SIZES:
        size = f"{agents:,} agents, {waiting:,} waiting"
        bare_s, bare_p50, bare_p99 = measure(floor, agents, waiting)
        per_s, p50, p99 = measure(engine, agents, waiting)
        judged = (agents, waiting) == (10_000, 100_000)
        share = per_s / bare_s
        rows += [
            Row(
                f"pairs, {size}",
                per_s,
                "1/s",
                bare_s,
                share,
                bare_s * GOAL_SHARE if judged else None,
                share >= GOAL_SHARE if judged else None,
            ),
            Row(f"pair p50, {size}", p50, "µs", bare_p50, p50 / bare_p50),
            Row(f"pair p99, {size}", p99, "µs", bare_p99, p99 / bare_p99, GOAL_P99_US, p99 <= GOAL_P99_US),
        ]
        if smaller_s:
            growth = smaller_s / per_s
            name = f"cost of ten times more, {size}"
            rows.append(Row(name, growth, "×", goal=GOAL_GROWTH, ok=growth <= GOAL_GROWTH))
        smaller_s = per_s
    rows.append(_memory())
    return rows


def _memory() -> Row:
    """Of this process at its largest."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Row(
        f"memory, {SIZES[-1][1]:,} waiting", used, "MB", goal=GOAL_MEMORY_MB, ok=used <= GOAL_MEMORY_MB
    )
