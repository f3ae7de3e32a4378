"""The simulator's dialplan does what the switch's own says."""

from __future__ import annotations

import re
from pathlib import Path

from freeswitch.simulator import Settings, Simulator

HAND_OVER = Path(__file__).parents[3] / "freeswitch" / "conf" / "dialplan" / "parts" / "hand-over.xml"
ACTION = re.compile(r'<action application="([^"]*)" data="([^"]*)"/>')


def test_a_call_is_handed_over_as_in_the_configuration() -> None:
    """The ringing for an IVR that restarts was lengthened in one and not in the other."""
    configured = ACTION.findall(HAND_OVER.read_text())
    assert configured
    simulator = Simulator(Settings(ivr="127.0.0.1:8084|127.0.0.1:8085"))
    sockets = [(app, data.replace("$${cfg_ivr_sockets}", simulator.ivr)) for app, data in configured]
    assert simulator.dialplan._hand_over() == sockets
