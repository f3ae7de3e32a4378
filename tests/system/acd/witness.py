"""What the switches themselves know about offers."""

from __future__ import annotations

from collections.abc import Sequence

from freeswitch.simulator.events import Event
from freeswitch.simulator.node import Simulator


class Witness:
    """Sees each agent's leg begin and end, and notes where a caller or an agent has two at a time."""

    everything = False
    names = ("CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_HANGUP")
    own_uuid = None

    def __init__(self, switches: Sequence[Simulator]) -> None:
        self.doubles: list[str] = []
        self.legs: dict[str, tuple[str, str, str]] = {}
        """Contact, agent and switch of each."""
        self.rung: set[str] = set()
        """Agents whose phones have begun to ring."""
        for switch in switches:
            self.watch(switch)

    def watch(self, switch: Simulator) -> None:
        switch.bus.follow(self)

    def lost(self, switch: Simulator) -> None:
        """It died with all its legs, and did not say so."""
        name = switch.settings.name
        self.legs = {leg: told for leg, told in self.legs.items() if told[2] != name}

    def takes(self, event: Event) -> bool:
        return event.get("variable_sy_leg") == "agent"

    def offer(self, event: Event) -> None:
        """The switch gives us an event."""
        if not self.takes(event):
            return
        if event.name == "CHANNEL_HANGUP":
            self.legs.pop(event.uuid, None)
            return
        if event.name == "CHANNEL_PROGRESS":
            self.rung.add(str(event.get("variable_sy_agent_id")))
            return
        contact, agent = str(event.get("variable_sy_contact_id")), str(event.get("variable_sy_agent_id"))
        for other_contact, other_agent, _ in self.legs.values():
            if contact == other_contact or agent == other_agent:
                self.doubles.append(f"{contact} to {agent} while {other_contact} to {other_agent}")
        self.legs[event.uuid] = contact, agent, str(event.get("FreeSWITCH-Switchname"))
