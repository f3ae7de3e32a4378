"""Calls through the simulated switch, the real wiring, a real database and a real bus."""

from tests.integration.ivr.centre import Centre


async def test_caller_chooses_sales_talks_and_rates(centre: Centre) -> None:
    """The walk of a whole call: greeting, menu, queue, bridge, back for the survey, thanks."""
    await centre.ivr()
    caller = centre.call()
    await centre.hearing(caller, "welcome")
    await centre.hearing(caller, "menu")
    centre.key(caller, "1")
    await centre.hearing(caller, "please_wait")
    await centre.acd.until(lambda: centre.acd.waiting)
    [wish] = centre.acd.enqueued
    assert (wish.queue, wish.priority, dict(wish.data)) == (
        "sales",
        0,
        {"language": "zh", "menu.menu": "1"},
    )
    assert wish.contact.contact_id == caller.get("sy_contact_id")
    agent = await centre.answer(caller)
    await centre.until(lambda: caller.get("sy_flow_node") == "survey")
    centre.hang_up(agent)
    await centre.hearing(caller, "survey")
    centre.key(caller, "4")
    await centre.hearing(caller, "thanks")
    await centre.over(caller)
    await centre.acd.until(lambda: centre.acd.closed)
    assert centre.outcomes() == ["answered"]
    assert len(centre.acd.opened) == 1
    await centre.until(lambda: centre.announced("SurveyAnswered"))
    [answer] = centre.announced("SurveyAnswered")
    assert (answer["score"], answer["highest"], answer["agentId"]) == (4, 5, "agent-7")
    assert [each.get("reEntered", False) for each in centre.announced("CallStarted")] == [False, True]
    assert [each["digits"] for each in centre.announced("MenuChosen")] == ["1"]
    rows = await centre.rows("select outcome, re_entered, flow, version from call_entry order by entered_at")
    assert rows == [
        {"outcome": "", "re_entered": False, "flow": "default", "version": 1},
        {"outcome": "answered", "re_entered": True, "flow": "default", "version": 1},
    ]
