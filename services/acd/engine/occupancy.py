"""How busy an agent has been lately: the share of time in conversation or wrap-up, the older the less."""

from __future__ import annotations

from math import exp, log

from services.acd.engine.floor import Agent

MEMORY_MS = 1_800_000.0
"""Time on contacts half an hour ago counts 1/e of what it counts now."""
LEAST = 1e-9  # less is as good as never


def note(agent: Agent, now: int, *, busy: bool) -> None:
    """Brings the share up to `now`; since it was noted last the agent was `busy` or not."""
    kept = exp((agent.occupancy_at - now) / MEMORY_MS)
    agent.occupancy = agent.occupancy * kept + (1.0 - kept if busy else 0.0)
    agent.occupancy_at = now


def order(agent: Agent) -> int:
    """Puts idle agents in order of occupancy, lowest first, for as long as they are idle.

    While idle the share of each decays at the same pace, share(t) = share(at) * exp((at - t) / memory). So
    ln(share) + at / memory, here in milliseconds, keeps their order without being worked out again. Who has
    not been occupied at all is equal to all others of that kind.
    """
    if agent.occupancy < LEAST:
        return 0
    return agent.occupancy_at + round(MEMORY_MS * log(agent.occupancy))
