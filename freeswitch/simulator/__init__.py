"""A stand-in FreeSWITCH that speaks ESL; see README.md."""

from freeswitch.simulator.config import Settings
from freeswitch.simulator.node import Simulator

__all__ = ["Settings", "Simulator"]
