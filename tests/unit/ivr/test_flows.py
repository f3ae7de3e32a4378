"""Flow files that must not reach a caller: each is refused with the node and the line."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ivr.domain import WAYS_OUT_MORE, Menu, Problem, Queue, Requirement
from services.ivr.flows import Refused, read
from services.ivr.flows.marks import MAX_SOURCE
from services.ivr.prompts import Prompts
from tests.unit.ivr.playbook import BY_DEPARTMENT, DEFAULT, any_prompt

HEAD = "flow: test\nversion: 1\nnodes:\n"


def problems(nodes: str, head: str = HEAD) -> list[str]:
    """What is wrong with a flow made of these nodes, which begin in line 4."""
    with pytest.raises(Refused) as refused:
        read(head + textwrap.indent(textwrap.dedent(nodes).strip("\n"), "  "), any_prompt)
    return [str(problem) for problem in refused.value.problems]


def test_default_flow_has_all_it_needs() -> None:
    flow = read(DEFAULT, Prompts().has)
    assert flow.key == "default@1"
    menu, sales = flow.nodes["menu"], flow.nodes["sales"]
    assert isinstance(menu, Menu)
    assert isinstance(sales, Queue)
    assert menu.keys == {"1": "sales", "2": "support", "9": "other_language"}
    assert sales.treatment.keys == {"1": "message"}
    assert sales.treatment.expected_wait


def test_example_of_the_readme_can_be_published() -> None:
    flow = read(BY_DEPARTMENT, Prompts().has)
    lane = flow.nodes["green_lane"]
    assert isinstance(lane, Queue)
    assert (lane.requires[0], [step.after_s for step in lane.requires]) == (
        Requirement(skills={"vip": 5}, language=True),
        [0, 15, 30, 60],
    )
    assert [step.language for step in lane.requires] == [True, True, True, False]


def test_dead_end() -> None:
    assert problems("""
        hello:
          type: play
          prompts: [welcome]
    """) == ["line 4, node 'hello': is a dead end: a play node needs 'next', the node to go on with"]


def test_dead_end_among_live_nodes() -> None:
    """Two nodes that only ever lead to each other, by keys: nobody gets out."""
    assert problems("""
        a: {type: menu, prompts: [x], keys: {"1": b, "2": end}, otherwise: end}
        b: {type: menu, prompts: [x], keys: {"1": c}, otherwise: c}
        c: {type: menu, prompts: [x], keys: {"1": b}, otherwise: b}
        end: {type: hang_up}
    """) == [
        "line 5, node 'b': goes round for ever without the caller's doing: b → c → b",
        "line 5, node 'b': is a dead end: no way from here reaches a hang_up",
        "line 6, node 'c': is a dead end: no way from here reaches a hang_up",
    ]


def test_missing_target() -> None:
    assert problems("""
        hello: {type: play, prompts: [welcome], next: nowhere}
    """) == ["line 4, node 'hello': 'next' leads to 'nowhere', and there is no such node"]
    assert (
        "key '1' leads to 'gone'"
        in problems("""
        m: {type: menu, prompts: [x], keys: {"1": gone}, otherwise: m}
    """)[0]
    )


def test_unreachable_node() -> None:
    assert problems("""
        end: {type: hang_up}
        lost: {type: play, prompts: [welcome], next: end}
    """) == ["line 5, node 'lost': no way through the flow leads to this node"]


def test_endless_loop_without_input() -> None:
    """A silent caller would go round for ever, even where a key leads out."""
    assert problems("""
        start: {type: play, prompts: [welcome], next: ask}
        ask:
          type: menu
          prompts: [menu]
          keys: {"1": end}
          otherwise: start
        end: {type: hang_up}
    """) == ["line 4, node 'start': goes round for ever without the caller's doing: start → ask → start"]


def test_menu_key_doubled() -> None:
    assert problems("""
        ask:
          type: menu
          prompts: [menu]
          keys:
            "1": end
            1: end
          otherwise: end
        end: {type: hang_up}
    """) == ["line 9, node 'ask': '1' is given twice, first in line 8"]


def test_missing_recording() -> None:
    with pytest.raises(Refused) as refused:
        read(HEAD + "  end: {type: hang_up, prompts: [welcome, anthem]}\n", Prompts().has)
    assert [str(p) for p in refused.value.problems] == [
        "line 4, node 'end': there is no recording of prompt 'anthem' in zh and en"
    ]


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ("end: {type: hangup}", "unknown type 'hangup'; there are: callback, condition, hang_up,"),
        ("end: {type: hang_up, promts: [x]}", "unknown field 'promts'; a hang_up node has:"),
        ("end: {prompts: [x]}", "a node needs a 'type'"),
        ("end: [hang_up]", "a node must be a mapping of fields"),
        ("End!: {type: hang_up}", "'End!' cannot name a node"),
        ("end: {type: hang_up, prompts: [../../etc/passwd]}", "is not a prompt's name"),
        ("end: {type: hang_up, cause: 'NORMAL CLEARING'}", "which is not of the form"),
        ("end: {type: hang_up, outcome: answered}", "'outcome' must be one of"),
        ("m: {type: menu, prompts: [], keys: {}, otherwise: m}", "the caller would hear nothing"),
        ("m: {type: menu, prompts: [x], keys: {'12': m}, otherwise: m}", "'12' is not a key"),
        ("m: {type: menu, prompts: [x], keys: {a: m}, otherwise: m}", "'a' is not a key"),
        ("m: {type: menu, prompts: [x], keys: {}, otherwise: m, attempts: 99}", "from 1 to 10"),
        ("m: {type: menu, prompts: [x], keys: {}, otherwise: m, attempts: many}", "from 1 to 10"),
        ("m: {type: menu, prompts: [x], keys: {}, otherwise: m, attempts: 2.5}", "a whole number"),
        ("q: {type: queue, queue: a, next: q}", "a queue node needs 'on'"),
        ("q: {type: queue, queue: a, next: q, on: {full: q}}", "'on' needs 'max_wait'"),
        ("q: {type: queue, queue: a, next: q, on: {}, priority: high}", "0 to 10, or a fact"),
        ("c: {type: condition, otherwise: c}", "a condition needs 'cases'"),
        ("c: {type: condition, otherwise: c, cases: [{if: {}, next: c}]}", "either a calendar"),
        (
            "c: {type: condition, otherwise: c, cases: [{if: {fact: caller.level}, next: c}]}",
            "exactly one of",
        ),
        (
            "c: {type: condition, otherwise: c, cases: [{if: {fact: a.b, at_least: x}, next: c}]}",
            "'at_least' needs a whole number",
        ),
        ("s: {type: set, facts: {caller.level: 9}, next: s}", "cannot be set"),
        ("s: {type: set, language: fr, next: s}", "'language' must be one of zh, en"),
        ("s: {type: say, fact: x, next: s}", "which is not of the form"),
    ],
)
def test_refused_with_one_clear_sentence(nodes: str, said: str) -> None:
    found = problems(nodes)
    assert any(said in problem for problem in found), found
    assert all(problem.startswith("line 4") for problem in found)


LEAD = "next: q, on: {max_wait: q, full: q, unavailable: q}"
MANY = ", ".join(f"s{number}: 1" for number in range(16))
STEPS = ", ".join(f"{{after_s: {number}, skills: {{}}}}" for number in range(1, 10))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("skills: {billing: 0}", "'billing' must be a number from 1 to 10"),
        ("skills: {billing: 11}", "'billing' must be a number from 1 to 10"),
        ("skills: {billing: 2.5}", "'billing' must be a whole number"),
        ("skills: {billing: [5]}", "'billing' must be one value"),
        ("skills: {Billing!: 5}", "'Billing!' cannot name a skill"),
        ("skills: [billing]", "'skills' must be a mapping of fields"),
        ("skills: {a: 1, a: 2}", "'a' is given twice"),
        (f"skills: {{{MANY}, s16: 1}}", "more than 16 skills"),
        (f"skills: {{{MANY}}}, language_skill: yes", "more than 16 skills, the caller's language counted"),
        ("language_skill: zh", "'language_skill' must be yes or no"),
        ("relax: [{after_s: 30, skills: {}}]", "'relax' without 'skills' or 'language_skill'"),
        ("skills: {a: 1}, relax: {after_s: 30}", "'relax' must be a list"),
        ("skills: {a: 1}, relax: [30]", "a step of 'relax' must be a mapping"),
        ("skills: {a: 1}, relax: [{after_s: 30}]", "a step of 'relax' needs 'skills'"),
        ("skills: {a: 1}, relax: [{skills: {}}]", "a step of 'relax' needs a 'after_s'"),
        ("skills: {a: 1}, relax: [{after_s: 0, skills: {}}]", "'after_s' must be a number from 1 to 86400"),
        ("skills: {a: 1}, relax: [{after_s: 9, skills: {a: 99}}]", "'a' must be a number from 1 to 10"),
        ("skills: {a: 1}, relax: [{after_s: 9, skill: {}}]", "unknown field 'skill'; a step of 'relax' has"),
        (
            "skills: {a: 1}, relax: [{after_s: 60, skills: {}}, {after_s: 60, skills: {}}]",
            "'after_s' must grow from step to step, and 60 stands before",
        ),
        (
            f"skills: {{a: 1}}, relax: [{STEPS}]",
            "'relax' has 9 steps; at most 8",
        ),
        ("while_waiting: {position_every_s: 20, expected_wait: soon}", "'expected_wait' must be yes or no"),
        ("while_waiting: {position_every_s: 20, expected_wait: [yes]}", "'expected_wait' must be one value"),
        ("while_waiting: {expected_wait: yes}", "it needs 'position_every_s'"),
        ("while_waiting: {position_every_s: 0, expected_wait: yes}", "it needs 'position_every_s'"),
        ("prefer: zhang.wei@home", "'prefer' must be last, or a fact"),
        ("prefer: first", "'prefer' must be last, or a fact"),
        ("prefer_s: 20", "'prefer_s' without 'prefer'"),
        ("prefer: last, prefer_s: 90000", "'prefer_s' must be a number from 0 to 86400"),
        ("exclude: [zhang]", "'exclude' names 'zhang', which is no fact"),
        (f"exclude: [{', '.join(f'my.a{n}' for n in range(17))}]", "'exclude' names more than 16 facts"),
    ],
)
def test_agents_nobody_can_ask_for(fields: str, said: str) -> None:
    found = problems(f"q: {{type: queue, queue: a, {fields}, {LEAD}}}")
    assert any(said in problem for problem in found), found
    assert all(problem.startswith("line 4, node 'q': ") for problem in found)


def test_wait_that_would_never_be_said_is_named_by_its_own_line() -> None:
    assert problems("""
        q:
          type: queue
          queue: a
          while_waiting:
            first: [please_wait]
            expected_wait: yes
          next: end
          on: {max_wait: end, full: end, unavailable: end}
        end: {type: hang_up}
    """) == ["line 9, node 'q': 'expected_wait' is said with the place: it needs 'position_every_s'"]


def test_own_recordings_lack_the_words_for_a_wait() -> None:
    """A business with recordings of its own had none for this: its callers would have heard "five" alone."""
    waiting = "while_waiting: {position_every_s: 20, expected_wait: yes}"
    node = f"{{type: queue, queue: a, {waiting}, {LEAD.replace(' q', ' e')}}}"
    own = {"you_are_next", "ahead_before", "ahead_after", "wait_before"}
    with pytest.raises(Refused) as refused:
        read(f"{HEAD}  q: {node}\n  e: {{type: hang_up}}\n", lambda name, _: name in own)
    assert [str(problem) for problem in refused.value.problems] == [
        f"line 4, node 'q': there is no recording of prompt '{name}' in zh and en"
        for name in ("wait_under_a_minute", "wait_after", "wait_over_thirty")
    ]


def test_step_that_relaxes_nothing_is_named_by_its_own_line() -> None:
    assert problems("""
        q:
          type: queue
          queue: a
          skills: {billing: 5}
          relax:
            - {after_s: 60, skills: {billing: 2}}
            - {after_s: 30, skills: {}}
          next: end
          on: {max_wait: end, full: end, unavailable: end}
        end: {type: hang_up}
    """) == ["line 10, node 'q': 'after_s' must grow from step to step, and 60 stands before"]


@pytest.mark.parametrize("way", WAYS_OUT_MORE)
def test_way_out_of_a_queue_that_leads_nowhere(way: str) -> None:
    assert problems(f"""
        q: {{type: queue, queue: a, next: e, on: {{max_wait: e, full: e, unavailable: e, {way}: gone}}}}
        e: {{type: hang_up}}
    """) == [f"line 4, node 'q': 'on: {way}' leads to 'gone', and there is no such node"]


def test_way_out_of_a_queue_that_nobody_knows() -> None:
    [problem] = problems("""
        q: {type: queue, queue: a, next: end, on: {max_wait: end, full: end, unavailable: end, busy: end}}
        end: {type: hang_up}
    """)
    assert problem.startswith("line 4, node 'q': unknown field 'busy'; 'on' has: callback, closed, full,")


def test_closed_queue_that_leads_back_to_itself() -> None:
    """A way out is the flow's own doing, like any other: a circle of them is refused."""
    [problem] = problems("""
        hello: {type: play, prompts: [x], next: q}
        q:
          {type: queue, queue: a, next: end, on: {max_wait: end, full: end, unavailable: end, closed: hello}}
        end: {type: hang_up}
    """)
    assert "goes round for ever without the caller's doing: hello → q → hello" in problem


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "line 1: a flow file is a mapping"),
        ("- a\n- b\n", "line 1: a flow file is a mapping"),
        ("flow: [\n", "not YAML"),
        ("flow: \x00", "line 1: not"),
        ("flow: &a x\nversion: *a\n", "line 1: anchors and aliases"),
        ("flow: !!python/object:os.system x\n", "line 1: tags (!) are not allowed"),
        ("flow: " + "[" * 5000, "line 1: nested too deeply"),
        ("# " + "x" * MAX_SOURCE, "longer than 256 kB"),
        ("flow: a\nversion: 1\nnodes: {}\n", "needs at least one node"),
        ("flow: a\nversion: 0\nnodes: {e: {type: hang_up}}\n", "'version' must be a number"),
        ("flow: a b\nversion: 1\nnodes: {e: {type: hang_up}}\n", "'flow' is 'a b'"),
        ("flow: a\nversion: 1\nstart: z\nnodes: {e: {type: hang_up}}\n", "no such node"),
        ("flow: a\nversion: 1\nnumbers: [abc]\nnodes: {e: {type: hang_up}}\n", "is not a number"),
    ],
)
def test_file_that_is_no_flow(source: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read(source, any_prompt)
    assert any(said in str(problem) for problem in refused.value.problems), refused.value.problems


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        ("{zone: Mars/Olympus, always: yes}", "no time zone 'Mars/Olympus'"),
        ("{zone: ../../etc/passwd, always: yes}", "no time zone"),
        ("{week: {mon: 9-18}}", "opening hours look like 09:00-18:00"),
        ("{week: {mon: '18:00-09:00'}}", "closes before it opens"),
        ("{week: {monday: '09:00-18:00'}}", "is not a day"),
        ("{always: yes, closed_on: [2026-13-01]}", "is not a date"),
        ("{zone: UTC}", "needs 'week'"),
    ],
)
def test_calendar_that_is_none(calendar: str, said: str) -> None:
    found = problems("end: {type: hang_up}", f"flow: a\nversion: 1\ncalendars: {{x: {calendar}}}\nnodes:\n")
    assert any(said in problem for problem in found), found


def test_unknown_calendar_in_a_condition() -> None:
    assert problems("""
        c:
          type: condition
          cases:
            - if: {open: office}
              next: end
          otherwise: end
        end: {type: hang_up}
    """) == ["line 7, node 'c': there is no calendar 'office' in this flow"]


def problems_of(source: str) -> list[Problem] | None:
    """None: it is a flow."""
    try:
        read(source, any_prompt)
    except Refused as refused:
        return refused.problems
    return None


@given(st.text(max_size=300))
def test_any_text_is_answered_with_problems_or_a_flow(source: str) -> None:
    """Whatever is pasted into the editor: never an exception of ours."""
    assert problems_of(source) != []


@given(st.data())
def test_damaged_default_flow_is_answered(data: st.DataObject) -> None:
    """The real file with a piece cut out or doubled."""
    begin = data.draw(st.integers(0, len(DEFAULT)))
    end = data.draw(st.integers(begin, min(len(DEFAULT), begin + 200)))
    times = data.draw(st.sampled_from([0, 2]))
    found = problems_of(DEFAULT[:begin] + DEFAULT[begin:end] * times + DEFAULT[end:])
    assert found is None or all(problem.line >= 1 for problem in found)
