"""What the ACD is asked for, from the node and the facts as they stand."""

from __future__ import annotations

import re
from datetime import datetime

from services.ivr.domain import Queue, Requirement
from services.ivr.engine import commands as do
from services.ivr.engine.run import Run

AGENT = re.compile(r"[a-z0-9._-]{1,64}")
"""A fact that is no agent's id names nobody: the ACD would refuse the caller for it."""


def wish(run: Run, node: Queue, since: datetime) -> do.Enqueue:
    """The whole request."""
    run.priority = priority(run, node)
    asked_first = agent(run, "caller.agent" if node.prefer == "last" else node.prefer)
    return do.Enqueue(
        node.queue,
        run.priority,
        since,
        shown(run),
        skills=required(run, node.requires[0]) if node.requires else {},
        relax=tuple(do.Relaxation(each.after_s, required(run, each)) for each in node.requires[1:]),
        prefer=asked_first,
        # of earlier calls the ACD knows the last agent: for `last` the time is worth saying without a name
        prefer_s=node.prefer_s if asked_first or node.prefer == "last" else 0,
        exclude=tuple(dict.fromkeys(found for fact in node.exclude if (found := agent(run, fact)))),
    )


def required(run: Run, requirement: Requirement) -> dict[str, int]:
    spoken = {f"lang_{run.language}": 1} if requirement.language else {}
    return spoken | requirement.skills


def agent(run: Run, fact: str) -> str:
    """The agent whom a fact names; "" when it names nobody."""
    value = str(run.facts.get(fact, ""))
    return value if AGENT.fullmatch(value) else ""


def priority(run: Run, node: Queue) -> int:
    value = run.facts.get(node.priority, 0) if isinstance(node.priority, str) else node.priority
    return max(0, min(10, int(value))) if isinstance(value, int) else 0


def shown(run: Run) -> dict[str, str]:
    """What the agent sees while it rings: what the caller chose, who is responsible, the flow's own facts."""
    mine = {k: str(v) for k, v in run.facts.items() if k.startswith(("menu.", "my."))}
    department = {"department": run.caller.department} if run.caller.department else {}
    return {"language": run.language, **department, **dict(list(mine.items())[:30])}
