"""From ringing to the end of a conversation: what the agent's leg says, and what follows from it.

The agent's leg may speak late, twice or not at all. Each word is taken only in the stage it fits; a word
about an offer that is over only ever leads to the leg being ended. Offers of contacts without a call have no
leg: the agent's own word stands for it.

A room for each stage, each knowing only those before it: `leg` (the phone itself), `failing` (an offer that
comes to nothing), `ringing`, `conversation`, `gone` (the leg has ended) and `calling_off`.
"""

from services.acd.engine.offers.calling_off import call_back, call_off_all
from services.acd.engine.offers.conversation import bridged, held, known_as, release, retrieved
from services.acd.engine.offers.failing import fail
from services.acd.engine.offers.gone import leg_gone, leg_silent
from services.acd.engine.offers.leg import ask_end, close_leg, forget_leg
from services.acd.engine.offers.ringing import answered, bridge_failed, ring_failed, ring_timed_out

__all__ = [
    "answered",
    "ask_end",
    "bridge_failed",
    "bridged",
    "call_back",
    "call_off_all",
    "close_leg",
    "fail",
    "forget_leg",
    "held",
    "known_as",
    "leg_gone",
    "leg_silent",
    "release",
    "retrieved",
    "ring_failed",
    "ring_timed_out",
]
