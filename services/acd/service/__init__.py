"""The shell around the engines: feeds them, does what they want, keeps them true to the switches."""

from services.acd.service.reconcile import Reconciler
from services.acd.service.router import Router
from services.acd.service.startup import restore
from services.acd.service.switches import Switches
from services.acd.service.watches import Watches

__all__ = ["Reconciler", "Router", "Switches", "Watches", "restore"]
