"""Whom a queue node asks for, and where callers go whom the queue cannot keep."""

import pytest

from services.ivr.engine import Caller
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from tests.unit.ivr.playbook import BY_DEPARTMENT, NOON, Playbook, read

SKILLED = """
flow: skilled
version: 1
nodes:
  who: {type: set, facts: {my.manager: zhang.wei, my.rude: agent-7}, next: billing}
  billing:
    type: queue
    queue: support
    skills: {billing: 5}
    language_skill: yes
    relax:
      - {after_s: 30, skills: {billing: 2}}
      - {after_s: 60, skills: {}}
      - {after_s: 90, skills: {}, language_skill: no}
    prefer: my.manager
    prefer_s: 20
    exclude: [my.rude, my.nobody, my.rude]
    next: again
    on: {max_wait: end, full: end, unavailable: end}
  again:
    type: queue
    queue: support
    prefer: last
    prefer_s: 15
    exclude: caller.agent
    next: end
    on: {max_wait: end, full: end, unavailable: end}
  end: {type: hang_up}
"""

WAYS = """
flow: ways
version: 1
nodes:
  hello: {type: play, prompts: [hello], next: sales}
  sales:
    type: queue
    queue: sales
    while_waiting: {keys: {"1": message}}
    next: end
    on:
      {max_wait: late, full: full, unavailable: away, closed: closed, voicemail: message, outside: number}
  late: {type: play, prompts: [late], next: end}
  full: {type: play, prompts: [full], next: end}
  away: {type: play, prompts: [away], next: end}
  closed: {type: play, prompts: [closed], next: end}
  message: {type: voicemail, prompts: [leave_message], next: end}
  number: {type: say, fact: queue.overflow_target, as: digits, next: end}
  end: {type: hang_up}
"""


def wishes(call: Playbook) -> list[do.Enqueue]:
    return [each for each in call.said if isinstance(each, do.Enqueue)]


def in_sales() -> Playbook:
    call = Playbook(flow=read(WAYS))
    call.tell(on.Started())
    call.heard()
    return call


# ---- whom it asks for ----


def test_english_caller_asks_about_a_bill() -> None:
    """Somebody good at bills who speaks English; after a while somebody who knows something of bills, then
    anybody who speaks English, then anybody. Her account manager is asked first, one agent never."""
    call = Playbook(flow=read(SKILLED), caller=Caller(language="en"))
    call.tell(on.Started())
    assert wishes(call) == [
        do.Enqueue(
            "support",
            0,
            NOON,
            {"language": "en", "my.manager": "zhang.wei", "my.rude": "agent-7"},
            skills={"lang_en": 1, "billing": 5},
            relax=(
                do.Relaxation(30, {"lang_en": 1, "billing": 2}),
                do.Relaxation(60, {"lang_en": 1}),
                do.Relaxation(90, {}),
            ),
            prefer="zhang.wei",
            prefer_s=20,
            exclude=("agent-7",),
        )
    ]


def test_language_chosen_in_the_flow_is_the_skill_asked_for() -> None:
    """A caller whom CRM has as Chinese and who asked for English by key."""
    flow = read(SKILLED.replace("{type: set, ", "{type: set, language: en, "))
    call = Playbook(flow=flow, caller=Caller(language="zh"))
    call.tell(on.Started())
    assert wishes(call)[0].skills == {"lang_en": 1, "billing": 5}


def test_level_given_for_a_language_stands() -> None:
    flow = read(SKILLED.replace("skills: {billing: 5}", "skills: {billing: 5, lang_zh: 4}"))
    call = Playbook(flow=flow)
    call.tell(on.Started())
    assert wishes(call)[0].skills == {"billing": 5, "lang_zh": 4}


@pytest.mark.parametrize("agent_id", ["", "Zhang Wei", "a" * 65, "{x}\n"])
def test_account_manager_who_is_no_agent_is_nobody(agent_id: str) -> None:
    """The ACD refuses ids that are none, and the caller would hear that the queue cannot be reached."""
    call = Playbook(flow=read(SKILLED))
    call.run.facts["my.manager"] = agent_id
    call.run.flow.nodes.pop("who")
    call.tell(on.Started(on.Position("billing"), answered=True))
    assert (wishes(call)[0].prefer, wishes(call)[0].prefer_s) == ("", 0)


def test_back_to_the_agent_of_this_call() -> None:
    """After the conversation the flow leads to a queue once more: `last` is who has just spoken."""
    call = Playbook(flow=read(SKILLED), caller=Caller(agent_id="li.na"))
    call.tell(on.Started(on.Position("again", answered=True), answered=True))
    [wish] = wishes(call)
    assert (wish.prefer, wish.prefer_s, wish.exclude) == ("li.na", 15, ("li.na",))


def test_last_agent_of_an_earlier_call_is_the_acds_to_know() -> None:
    call = Playbook(flow=read(SKILLED))
    call.tell(on.Started(on.Position("again"), answered=True))
    [wish] = wishes(call)
    assert (wish.prefer, wish.prefer_s, wish.exclude) == ("", 15, ())


@pytest.mark.parametrize(
    ("caller", "queue", "priority", "skills"),
    [
        (Caller(level=3, department="energy", language="en"), "support", 10, {"lang_en": 1, "vip": 5}),
        (Caller(level=2, department="energy"), "energy", 2, {"lang_zh": 1}),
        (Caller(level=2, department="water"), "support", 2, {}),
        (Caller(), "support", 0, {}),
    ],
)
def test_by_department_and_level(caller: Caller, queue: str, priority: int, skills: dict[str, int]) -> None:
    """The README's example: the green lane comes before the department, and who is neither is served too."""
    call = Playbook(flow=read(BY_DEPARTMENT), caller=caller)
    call.tell(on.Started())
    [wish] = wishes(call)
    assert (wish.queue, wish.priority, wish.skills) == (queue, priority, skills)


def test_department_has_gone_home() -> None:
    """Nobody of theirs: everybody's queue serves the caller, and only when that is closed too it is said."""
    call = Playbook(flow=read(BY_DEPARTMENT), caller=Caller(department="energy"))
    call.tell(on.Started())
    call.tell(on.Refused("closed"))
    assert call.at() == "everybody"
    call.tell(on.Refused("closed"))
    assert call.plays() == ("closed",)


def test_department_is_shown_to_the_agent() -> None:
    call = Playbook(caller=Caller(department="energy")).in_queue()
    assert wishes(call)[0].data == {"language": "zh", "department": "energy", "menu.menu": "1"}


def test_department_and_level_when_nobody_knows_the_caller() -> None:
    """CRM is down, or the number is new: not blocked, level 0, no department, no segment, and the language
    of the flow. Conditions on them do not hold, so the flow goes on at `otherwise`."""
    facts = Playbook(caller=Caller(number="13800000001")).run.facts
    known = {name: value for name, value in facts.items() if name.startswith("caller.")}
    assert known == {
        "caller.number": "13800000001",
        "caller.known": False,
        "caller.level": 0,
        "caller.blocked": False,
        "caller.segment": "",
        "caller.department": "",
        "caller.agent": "",
        "caller.language": "zh",
    }


# ---- whom it cannot keep ----


@pytest.mark.parametrize("event", [on.Refused, on.Expelled])
@pytest.mark.parametrize(
    ("reason", "what", "to"),
    [
        ("max_wait", on.FLOW_DECIDES, "late"),
        ("full", on.FLOW_DECIDES, "full"),
        ("closed", on.FLOW_DECIDES, "closed"),
        ("no_agents", on.FLOW_DECIDES, "away"),
        ("nobody_qualified", on.FLOW_DECIDES, "away"),
        ("a reason of tomorrow", on.FLOW_DECIDES, "away"),
        ("full", on.Overflow("node", "late"), "late"),
        ("full", on.Overflow("node", "no_such_node"), "full"),
        ("full", on.Overflow("voicemail"), "message"),
        ("max_wait", on.Overflow("outside", "02012345678"), "number"),
        ("max_wait", on.Overflow("callback"), "late"),
        ("no_agents", on.Overflow("callback"), "away"),
    ],
)
def test_queue_cannot_keep_the_caller(
    event: type[on.Refused] | type[on.Expelled], reason: str, what: on.Overflow, to: str
) -> None:
    """At once or later: as the queue's settings want where this flow knows how, else by the reason."""
    call = in_sales()
    call.tell(event(reason, what))
    assert call.at() == to
    assert not [each for each in call.said if isinstance(each, do.Withdraw)], "the ACD has let go already"


def test_number_outside_is_read_out() -> None:
    call = in_sales()
    call.tell(on.Expelled("max_wait", on.Overflow("outside", "208")))
    assert call.plays() == ("n_2", "n_0", "n_8")


def test_callers_who_came_before_such_reasons_were_known_hear_what_they_heard() -> None:
    """A flow of the first suite names three ways out. None of the new reasons leads astray."""
    for reason in ("closed", "no_agents", "nobody_qualified", "max_wait", "full"):
        call = Playbook().in_queue()
        call.tell(on.Expelled(reason, on.Overflow("voicemail")))
        assert call.plays() == ("all_busy",)


def test_queue_and_node_do_not_pass_a_caller_to_each_other_for_ever() -> None:
    """The closed queue's settings lead to a node that leads back to the queue, a circle nobody saw when
    either was set up. The second time the flow's own edge is taken."""
    call = in_sales()
    back = on.Refused("closed", on.Overflow("node", "hello"))
    call.tell(back)
    assert call.plays() == ("hello",)
    call.heard()
    assert call.at() == "sales"
    call.tell(back)
    assert call.at() == "closed"


def test_settings_that_lead_a_queue_to_itself() -> None:
    call = in_sales()
    for _ in range(2):
        call.tell(on.Refused("full", on.Overflow("node", "sales")))
    assert call.at() == "full"
    assert len(wishes(call)) == 2


def test_sent_away_while_leaving_by_key() -> None:
    """The caller has chosen; what the queue would have done with him does not matter any more."""
    for event in (on.Expelled("no_agents", on.Overflow("node", "late")), on.Refused("full")):
        call = in_sales()
        call.key("1")
        call.tell(event)
        assert call.at() == "message"


def test_caller_stands_in_another_queue_than_asked_for() -> None:
    """The place counts there. A queue named twice is written once, the own one never."""
    call = Playbook()
    call.tell(on.Started())
    call.key("1")
    assert call.tell(on.Placed(3, queue="sales")) == []
    assert call.tell(on.Placed(4, queue="support")) == [do.SetVariables({"sy_queue": "support"})]
    assert call.tell(on.Placed(3), on.Placed(2, queue="support")) == []
    assert (call.run.facts["queue.name"], call.run.facts["queue.position"]) == ("support", 2)
