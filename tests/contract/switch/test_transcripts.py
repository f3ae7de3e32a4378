"""The simulator held to what a real FreeSWITCH said."""

from __future__ import annotations

import pytest

from tests.contract.switch.replay import Replay, Scenario

pytestmark = pytest.mark.contract

SHOW = {"api show": "rows are compared in their own test; here their lag would decide"}
NOT_OURS = {
    "api uptime": "seconds",
    "api strepoch": "the time",
    "api json": "mod_commands' JSON interface: nobody here uses it",
    "api callcenter_config": "mod_callcenter is what this suite replaces",
    "api sofia status profile": "the simulator has no SIP to report on",
}
EARLIER_KEYS = {"variable_digits_dialed": "the caller's keys were not in the subscription, so not replayed"}
CALLEE = {
    "Caller-Callee-ID-Name": "mod_sofia shows the number as name after its re-INVITE; no SIP here",
}

SCENARIOS = [
    Scenario("01"),
    Scenario("02"),
    Scenario("03"),
    Scenario("07"),
    Scenario("10", skip_replies=NOT_OURS),
    Scenario("11"),
    Scenario("12"),
    Scenario("14"),
    Scenario("16"),
    Scenario("20"),
    Scenario("22", skip_replies=SHOW),
    Scenario("23"),
    Scenario(
        "24",
        allowed={"variable_originate_timeout": "shortened below"},
        # Ringing for seconds proves nothing more than ringing for one.
        rewrite=(
            ("originate_timeout=3", "originate_timeout=1"),
            ("leg_timeout=2", "leg_timeout=1"),
            ("originate_timeout=4", "originate_timeout=1"),
        ),
    ),
    Scenario("25", skip_replies=SHOW, allowed=EARLIER_KEYS),
    Scenario("26"),
    Scenario("30", skip_replies=SHOW, allowed=CALLEE),
    Scenario("31"),
    Scenario("32"),
    Scenario("33"),
    Scenario("34"),
    Scenario(
        "50",
        rewrite=(("linger 5", "linger 1"), ("Linger-Time: 5", "Linger-Time: 1")),
    ),
    Scenario("51"),
    Scenario("52"),
    Scenario("53"),
    Scenario("54", listening=False),
    Scenario("55"),
    Scenario("72"),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
async def test_the_simulator_says_what_freeswitch_said(scenario: Scenario) -> None:
    problems = await Replay(scenario).run()
    assert not problems, "\n".join(problems[:40])
