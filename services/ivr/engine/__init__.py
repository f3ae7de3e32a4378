"""Decisions: an event in, commands out. No clock, no I/O; one engine serves calls, tests and try-outs.

run = Run(flow, Caller(number="+8613800000000"))
run.handle(Started(), now)  # → [Announce(CallStarted), Answer(), Play(1, ("welcome",), "zh")]
"""

from services.ivr.engine import calling_back, nodes, waiting  # noqa: F401 - they register their scripts
from services.ivr.engine.run import Caller, Run

__all__ = ["Caller", "Run"]
