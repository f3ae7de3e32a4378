"""Settings are changed by several people: nobody replaces unawares what another has changed meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from services.acd.engine.stimuli import AgentSettings, QueueSettings
from services.chassis.errors import Stale

S = TypeVar("S", QueueSettings, AgentSettings)


def revised(present: S | None, wanted: S, what: str, field: str) -> S:
    """The settings with the revision they are to have; where nothing changes, those that are there.

    `wanted.revision` is the one that was read, 0 for whatever is there now. A change that is sent again,
    because its answer was lost, changes nothing. Raises Stale naming `what` and `field`.
    """
    now = present.revision if present is not None else 0
    if present is not None and replace(wanted, revision=now) == present:
        return present
    if wanted.revision and wanted.revision != now:
        raise Stale(f"{what} was changed by somebody else meanwhile: reload, then decide.", field=field)
    return replace(wanted, revision=now + 1)
