"""The make-believe day: when callers arrive, what they want, how patient they are, how agents work.

Pure and seeded: the same seed gives the same callers with the same tempers, whatever the machine does.
Times are shorter than life's, so that a minute of demo shows everything.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TALK_S = 8.0  # mean; agents and callers are brisk here
WRAP_UP_S = 2.0
REACTION_S = 0.8  # from the ring to the agent's "answer"
LONGEST_TALK_S = 40.0
AFTER_TALK_S = 9.0  # patience for the survey
PATIENCE_S = 45.0  # mean patience of a caller, in the menu and the queue together
SPARE_AGENTS = 1.18  # more agents than the mean load needs: queues form, and dissolve

CALLED_BACK = 0.06  # of callers, if they are not served within seconds

QUEUES = {"sales": "销售 Sales", "support": "客服 Support"}
CALLED_NUMBER = "10050"
KNOWN_CUSTOMERS = 40
BLOCKED_NUMBERS = 5

SURNAMES = "王李张刘陈杨赵黄周吴"
GIVEN = ("伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "艳", "勇", "秀英", "建国", "志明")
ENGLISH = ("Ada Byron", "Grace O'Neill", "Alan T. Bates", "Jürgen Weiß", "María-José Fernández de la Vega")
TITLES = ("Line is slow", "账单咨询", "Router restarts", "装机预约", "Wrong amount on the bill", "线路故障")


@dataclass(frozen=True)
class Person:
    name: str
    number: str
    level: int = 0
    language: str = "zh-CN"


@dataclass(frozen=True)
class AgentPlan:
    """One simulated agent: who, where, and how they work."""

    agent_id: str
    name: str
    extension: str
    queues: tuple[str, ...]
    seed: str


def customers(seed: int) -> list[Person]:
    """People the CRM knows; a few of them important."""
    chance = random.Random(f"{seed} customers")
    people = []
    for place in range(KNOWN_CUSTOMERS):
        english = place % 8 == 7
        name = chance.choice(ENGLISH) if english else chance.choice(SURNAMES) + chance.choice(GIVEN)
        level = 3 if place % 20 == 0 else 1 if place % 5 == 0 else 0
        people.append(Person(name, f"+8613800{place:06}", level, "en" if english else "zh-CN"))
    return people


def blocked_numbers() -> list[str]:
    return [f"+8613999{place:06}" for place in range(BLOCKED_NUMBERS)]


def agents(count: int, seed: int) -> list[AgentPlan]:
    """Simulated agents; a third serves both queues."""
    chance = random.Random(f"{seed} agents")
    both = tuple(QUEUES)
    groups = (("sales",), ("support",), both, ("sales",), both)
    return [
        AgentPlan(
            agent_id=f"sim{place + 1:04}",
            name=chance.choice(SURNAMES) + chance.choice(GIVEN),
            extension=str(20_001 + place),
            queues=groups[place % len(groups)],
            seed=f"{seed} agent {place}",
        )
        for place in range(count)
    ]


def agents_needed(calls_per_minute: float) -> int:
    """Enough for the mean load and a little more: load in Erlang is rate times mean handling time."""
    load = calls_per_minute / 60 * (REACTION_S + TALK_S + WRAP_UP_S)
    return max(4, math.ceil(load * SPARE_AGENTS + math.sqrt(load)))


def arrivals(calls_per_minute: float, seed: int) -> Iterator[float]:
    """Seconds between one caller and the next: a Poisson process."""
    chance = random.Random(f"{seed} arrivals")
    while True:
        yield chance.expovariate(calls_per_minute / 60)


def callers(seed: int) -> Iterator[dict[str, Any]]:
    """Scripts for `sim call`, one caller after another."""
    chance = random.Random(f"{seed} callers")
    known = customers(seed)
    while True:
        yield caller(chance, known)


def caller(chance: random.Random, known: list[Person]) -> dict[str, Any]:
    person = _who(chance, known)
    script: dict[str, Any] = {
        "from": person.number,
        "to": CALLED_NUMBER,
        "name": person.name,
        "patience_ms": round(1000 * (4 + chance.expovariate(1 / PATIENCE_S))),
        "after_bridge_patience_ms": round(1000 * AFTER_TALK_S),
    }
    script["keys"] = _menu_keys(chance)
    if chance.random() < 0.3:  # these hang up themselves; the others wait for the agent to
        script["talk_ms"] = round(1000 * talk_s(chance))
    if chance.random() < 0.7:
        stars = chance.choices("12345", weights=(1, 1, 3, 8, 10))[0]
        script["after_bridge_keys"] = [{"after_ms": 900, "digits": stars}]
    return script


def _who(chance: random.Random, known: list[Person]) -> Person:
    dice = chance.random()
    if dice < 0.03:
        return Person("", chance.choice(blocked_numbers()))
    if dice < 0.33:
        return chance.choice(known)
    return Person("", f"+861{chance.randrange(30, 100)}{chance.randrange(10**8):08}")


def _menu_keys(chance: random.Random) -> list[dict[str, Any]]:
    """Most wait for the menu and choose; some press nonsense first; some press nothing at all."""
    dice = chance.random()
    choice = {"when": "playback", "nth": 2, "after_ms": chance.randrange(300, 1500)}
    if (
        dice < CALLED_BACK
    ):  # who waits for some seconds would rather be called: the key, then the confirmation
        waits = {"when": "playback", "nth": 3}
        return [
            choice | {"digits": chance.choice("12")},
            waits | {"after_ms": 4_000, "digits": "2"},
            waits | {"after_ms": 6_500, "digits": "1"},
        ]
    if dice < 0.55:
        return [choice | {"digits": "1"}]
    if dice < 0.93:
        return [choice | {"digits": "2"}]
    if dice < 0.97:
        return [choice | {"digits": "7"}, {"when": "playback", "nth": 4, "after_ms": 500, "digits": "1"}]
    return []


def talk_s(chance: random.Random) -> float:
    """Talking times are skewed: many short, a few long (log-normal with the mean TALK_S)."""
    sigma = 0.5
    drawn = chance.lognormvariate(math.log(TALK_S) - sigma**2 / 2, sigma)
    return min(max(drawn, 1.5), LONGEST_TALK_S)
