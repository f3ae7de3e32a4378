"""The planning simulator: days lived on the production engine, contacts per second of this thread's CPU.

The day has all that costs time: four queues, agents of several, wrap-up, impatience, phones that ring and
that nobody answers, statistics by interval. The floor lives the same day with bare heaps and nothing else:
one queue and one kind of agent, no engine, no facts, nothing counted but answers.

`BENCH_QUICK=1`: a twentieth of the day, for trying the bench itself.
"""

from __future__ import annotations

import os
import random
import time
from collections import deque
from heapq import heappop, heappush

from deploy.local.bench import Row
from services.acd.planning.day import Day
from services.acd.planning.plan import Plan
from services.acd.planning.reading import read
from services.acd.planning.tally import summed

QUICK = os.environ.get("BENCH_QUICK") == "1"
CONTACTS = 10_000 if QUICK else 200_000
HOURS = 12
QUEUES = ("sales", "support", "billing", "other")
TALK_S, WRAP_UP_S, PATIENCE_S, ANSWERING_S = 170, 20, 120, 4

GOAL_PER_S = 10_000.0
GOAL_DAY_S = 20.0  # of 200,000 contacts: a planner waits so long for one day of the largest centre


def plan() -> Plan:
    """A day at 95 % load."""
    agents = round(CONTACTS * (TALK_S + WRAP_UP_S + ANSWERING_S) / (HOURS * 3_600) / 0.95)
    queues = "".join(
        f"  {name}: {{arrivals: {{total: {CONTACTS // len(QUEUES)}}}, talk: {{mean_s: {TALK_S}}}, "
        f"wrap_up: {{mean_s: {WRAP_UP_S}}}, patience: {{mean_s: {PATIENCE_S}}}}}\n"
        for name in QUEUES
    )
    pairs = zip(QUEUES, (*QUEUES[1:], QUEUES[0]), strict=True)
    groups = "".join(
        f"  {one}: {{count: {agents // len(QUEUES)}, queues: [{one}, {other}], no_answer: 0.01, "
        f"answering: {{mean_s: {ANSWERING_S}, distribution: lognormal, cv: 0.5}}}}\n"
        for one, other in pairs
    )
    return read(f"opens: 08:00\ncloses: {8 + HOURS}:00\nqueues:\n{queues}agents:\n{groups}")


def engine() -> tuple[int, float]:
    """Contacts, and seconds for them."""
    planned = plan()
    began = time.thread_time()
    tally = Day(planned, 0).live()
    took = time.thread_time() - began
    contacts, _ = summed((cell for row in tally.contacts for cell in row), ())
    return contacts.offered, took


def floor() -> tuple[int, float]:
    """M/M/n+M with two heaps and a deque."""
    chance = random.Random(1)
    agents = round(CONTACTS * (TALK_S + WRAP_UP_S + ANSWERING_S) / (HOURS * 3_600) / 0.95)
    rate, serve, bear = CONTACTS / (HOURS * 3_600), 1 / (TALK_S + WRAP_UP_S + ANSWERING_S), 1 / PATIENCE_S
    began = time.thread_time()
    ends: list[float] = []
    waiting: deque[tuple[float, float]] = deque()
    now, answered, contacts = 0.0, 0, 0
    while now < HOURS * 3_600:
        now += chance.expovariate(rate)
        contacts += 1
        while ends and ends[0] <= now:
            free = heappop(ends)
            while waiting:
                _, leaves = waiting.popleft()
                if leaves > free:
                    answered += 1
                    heappush(ends, free + chance.expovariate(serve))
                    break
        if len(ends) < agents:
            answered += 1
            heappush(ends, now + chance.expovariate(serve))
        else:
            waiting.append((now, now + chance.expovariate(bear)))
    return contacts, time.thread_time() - began


def main() -> list[Row]:
    contacts, took = engine()
    bare, bare_took = floor()
    per_s, bare_s = contacts / took, bare / bare_took
    day_s, bare_day_s = took / contacts * 200_000, bare_took / bare * 200_000
    return [
        Row("contacts", per_s, "1/s", bare_s, per_s / bare_s, GOAL_PER_S, per_s >= GOAL_PER_S),
        Row(
            "a day of 200,000 contacts",
            day_s,
            "s",
            bare_day_s,
            day_s / bare_day_s,
            GOAL_DAY_S,
            day_s <= GOAL_DAY_S,
        ),
    ]
