"""A plan as data: a day's demand, who is there to serve it, and how often to try it out.

Times are milliseconds, of a day since its midnight; a day may be longer than 24 hours (a night shift, or one
long run in a steady state).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from services.acd.engine.stimuli import QueueSettings
from services.acd.planning.marks import Problem, Refused, did_you_mean

MINUTE_MS = 60_000
HOUR_MS = 3_600_000

AGENTS_MOST = 20_000
"""In one group: twice the largest centre there is."""


class Form(StrEnum):
    """How a time is distributed."""

    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"
    CONSTANT = "constant"


@dataclass(frozen=True, slots=True)
class Length:
    """How long something takes. `cv`: standard deviation / mean, for lognormal times."""

    form: Form
    mean_ms: float
    cv: float = 1.0


NO_TIME = Length(Form.CONSTANT, 0)


@dataclass(frozen=True, slots=True)
class Kind:
    """A part of a queue's contacts that is enqueued with more than its queue (priority, skills, …)."""

    share: float
    more: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QueuePlan:
    settings: QueueSettings
    arrivals: tuple[float, ...]  # expected in each interval
    talk: Length
    wrap_up: Length = NO_TIME
    patience: Length | None = None  # None: nobody hangs up
    kinds: tuple[Kind, ...] = ()
    even: bool = False  # evenly spaced, not by chance
    forecast_cv: float = 0.0  # how far a whole day may be off the forecast

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def title(self) -> str:
        return self.settings.title or self.settings.name


@dataclass(frozen=True, slots=True)
class Break:
    """Begins for the group's first agent at `first_ms`, for the last at `last_ms`, evenly between."""

    first_ms: int
    last_ms: int
    length_ms: int

    def starts_ms(self, number: int, count: int) -> int:
        """When the agent with this number, from 0, goes."""
        return self.first_ms + (self.last_ms - self.first_ms) * number // max(count - 1, 1)


@dataclass(frozen=True, slots=True)
class Group:
    """Agents alike."""

    name: str
    count: int
    queues: tuple[str, ...]
    starts_ms: int
    ends_ms: int
    breaks: tuple[Break, ...] = ()
    answering: Length = NO_TIME  # from the first ring to the agent's word
    no_answer: float = 0.0  # share of rings nobody picks up
    more: Mapping[str, Any] = field(default_factory=dict)  # of AgentSettings: skills, …


@dataclass(frozen=True, slots=True)
class Runs:
    """How often the day is tried, and how sure the figures are to be."""

    replications: int = 10
    batches: int = 0  # of a single long run, instead of replications
    confidence: float = 0.95
    seed: int = 1
    warm_up_ms: int = 0

    def __str__(self) -> str:
        if self.batches:
            return f"{self.batches} batches of one run"
        return "1 day" if self.replications == 1 else f"{self.replications} days"

    @property
    def sure(self) -> str:
        """What ± means; with one day there is none."""
        single = self.replications == 1 and not self.batches
        return "no ± from a single day" if single else f"± at {self.confidence * 100:g} % confidence"


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    opens_ms: int
    closes_ms: int
    interval_ms: int
    queues: tuple[QueuePlan, ...]
    groups: tuple[Group, ...]
    runs: Runs = Runs()

    @property
    def intervals(self) -> int:
        return (self.closes_ms - self.opens_ms) // self.interval_ms

    def starts_ms(self, interval: int) -> int:
        return self.opens_ms + interval * self.interval_ms

    def interval_of(self, at_ms: int) -> int:
        """The interval of a moment; what is outside of the day belongs to its first or last."""
        return min(max((at_ms - self.opens_ms) // self.interval_ms, 0), self.intervals - 1)

    @property
    def expected_contacts(self) -> float:
        """Of one day."""
        return sum(sum(queue.arrivals) for queue in self.queues)

    def group(self, name: str) -> Group:
        """Raises Refused where there is no such group."""
        for group in self.groups:
            if group.name == name:
                return group
        names = [group.name for group in self.groups]
        raise Refused([Problem(0, "agents", f"there is no group {name!r}; {did_you_mean(name, names)}")])

    def with_agents(self, name: str, count: int) -> Plan:
        """The same plan with so many agents in one group. Raises Refused for no such group or a bad count."""
        if not 0 <= count <= AGENTS_MOST:
            problem = f"group {name!r} would have {count:,} agents; give 0 to {AGENTS_MOST:,}"
            raise Refused([Problem(0, "agents", problem)])
        chosen = self.group(name)
        groups = (replace(group, count=count) if group is chosen else group for group in self.groups)
        return replace(self, groups=tuple(groups))

    def with_runs(self, replications: int | None, seed: int | None) -> Plan:
        """The same plan tried so often, or on other days."""
        runs = self.runs
        if seed is not None:
            runs = replace(runs, seed=seed)
        if replications is not None:
            runs = replace(runs, replications=replications, batches=0)
        return replace(self, runs=runs)

    def with_service_level(self, within_ms: int, queues: frozenset[str]) -> Plan:
        """The same plan with another target time for these queues."""
        return replace(
            self,
            queues=tuple(
                replace(queue, settings=replace(queue.settings, service_level_ms=within_ms))
                if queue.name in queues
                else queue
                for queue in self.queues
            ),
        )


def clock(at_ms: int) -> str:
    """A moment of the day as people write it."""
    minutes = at_ms // MINUTE_MS
    return f"{minutes // 60:02}:{minutes % 60:02}"
