"""The decisions of the ACD: `Engine.handle(stimulus, now) -> list[Command]`.

Pure: no clock, no randomness of its own, no I/O. Time is an argument, ids come from the source given, so
the same stimuli at the same times give the same commands: in the live router, in tests, in a replay.
"""

from services.acd.engine.engine import Engine

__all__ = ["Engine"]
