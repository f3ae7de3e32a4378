"""The shell around the engines: feeds them, does what they want, keeps them true to the switches."""

from services.acd.service.duty import Duty
from services.acd.service.shards import Shards

__all__ = ["Duty", "Shards"]
