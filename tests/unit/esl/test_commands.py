"""What is sent means to the switch what the caller of the builder meant, or is not sent."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.chassis.esl import UnsafeArgument
from services.chassis.esl import commands as fs
from services.chassis.esl.subscription import subscription
from tests.unit.esl import fs_parse

pytestmark = pytest.mark.unit

A = "9ddb58ac-59d3-4cb1-988f-b71a410610f1"
B = "0dd00000-0000-4000-8000-000000000001"
AGENT = fs.user("1001", "example.org")
ROOT = "/var/lib/switchyard/sounds"


def test_commands_as_freeswitch_knows_them() -> None:
    expected = {
        fs.uuid_bridge(A, B): f"uuid_bridge {A} {B}",
        fs.uuid_kill(A, "USER_BUSY"): f"uuid_kill {A} USER_BUSY",
        fs.uuid_hold(A): f"uuid_hold {A}",
        fs.uuid_unhold(A): f"uuid_hold off {A}",
        fs.uuid_hold_toggle(A): f"uuid_hold toggle {A}",
        fs.uuid_transfer(A, "7000", "default"): f"uuid_transfer {A} 7000 XML default",
        fs.uuid_transfer(A, "7000", "c", leg="both"): f"uuid_transfer {A} -both 7000 XML c",
        fs.uuid_setvar(A, "sy_leg", "caller"): f"uuid_setvar {A} sy_leg caller",
        fs.uuid_setvar(A, "sy_leg", ""): f"uuid_setvar {A} sy_leg",
        fs.uuid_setvar_multi(A, {"a": "1", "b": "x;y"}): f"uuid_setvar_multi {A} ^^|a=1|b=x;y",
        fs.uuid_getvar(A, "sy_leg"): f"uuid_getvar {A} sy_leg",
        fs.uuid_exists(A): f"uuid_exists {A}",
        fs.uuid_break(A): f"uuid_break {A}",
        fs.uuid_break(A, everything=True): f"uuid_break {A} all",
        fs.uuid_broadcast(A, [fs.file(ROOT, "a.wav")]): f"uuid_broadcast {A} {ROOT}/a.wav aleg",
        fs.uuid_record_start(A, "/rec", "x/y.wav", limit_s=9): f"uuid_record {A} start /rec/x/y.wav 9",
        fs.uuid_record_stop(A, "/rec", "y.wav"): f"uuid_record {A} stop /rec/y.wav",
        fs.uuid_record_mask(A, "/rec", "y.wav"): f"uuid_record {A} mask /rec/y.wav",
        fs.uuid_record_unmask(A, "/rec", "y.wav"): f"uuid_record {A} unmask /rec/y.wav",
        fs.uuid_phone_event(A, "talk"): f"uuid_phone_event {A} talk",
        fs.uuid_play_on(
            A, fs.music("moh")
        ): f"uuid_transfer {A} endless_playback:local_stream://moh,park inline",
        fs.uuid_send_dtmf(A, "12#w@100"): f"uuid_send_dtmf {A} 12#w@100",
        fs.uuid_mute(A): f"uuid_audio {A} start read mute 1",
        fs.uuid_unmute(A): f"uuid_audio {A} stop",
        fs.show_channels(): "show channels",
        fs.global_getvar("sy_acd_all"): "global_getvar sy_acd_all",
        fs.global_setvar("sy_acd_all", "2-b"): "global_setvar sy_acd_all=2-b",
        fs.global_setvar("sy_acd_all", "2-b", was="1-a"): "global_setvar sy_acd_all=2-b=1-a",
    }
    assert {command.text for command in expected} == set(expected.values())
    for command, text in expected.items():
        assert command.text == text


def test_applications_as_freeswitch_knows_them() -> None:
    two = fs.playback(fs.file(ROOT, "a.wav"), fs.silence(200))
    assert (two.name, two.arg) == ("playback", f"file_string://{ROOT}/a.wav!silence_stream://200")
    assert fs.playback_loop(fs.music("moh")).loops == -1
    assert fs.say("42").arg == "en number pronounced 42"
    assert fs.record(ROOT, "v.wav", limit_s=60, silence_s=3).arg == f"{ROOT}/v.wav 60 200 3"
    assert fs.set_variable("a", "b=c").arg == "a=b=c"
    assert fs.set_variables({"a": "1", "b": "x y"}).arg == "^^|a=1|b=x y"
    assert fs.hangup("USER_BUSY").arg == "USER_BUSY"
    assert fs.transfer("ivr", "switchyard").arg == "ivr XML switchyard"


def test_dial_strings() -> None:
    assert AGENT.target == "user/1001@example.org"
    assert fs.gateway("trunk", "+861012345678").target == "sofia/gateway/trunk/+861012345678"
    assert fs.sip("internal", "1001", "192.0.2.7").target == "sofia/internal/1001@192.0.2.7:5060"
    command = fs.originate([AGENT, fs.user("1002", "example.org")], fs.park(), timeout_s=20)
    _, rest = fs_parse.originate(command.args)
    assert rest[:2] == ["user/1001@example.org,user/1002@example.org", "&park()"]
    assert rest[2:] == ["undef", "undef", "undef", "undef", "20"]


EVIL = [
    "a\nb", "a\rb", "a\x00b", "a\x1bb", "a\u2028b", "a\u0085b", "a\u202eb", "a\ud800b",
    "{x}", "[x]", "<x>", "a|b", "a^b", "a~b", "${api x}", "a'b", 'a"b', "a\\b", "a`b",
    " a", "a ", "x:_:y", "ARRAY::a", "x" * 1025,
]  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
def test_values_with_syntax_in_them_are_refused(evil: str) -> None:
    for build in (
        lambda: fs.uuid_setvar(A, "name", evil),
        lambda: fs.uuid_setvar_multi(A, {"name": evil}),
        lambda: fs.set_variable("name", evil),
        lambda: fs.set_variables({"name": evil}),
        lambda: fs.originate(AGENT, fs.park(), variables={"name": evil}),
    ):
        with pytest.raises(UnsafeArgument, match=r"^name .*\.$"):
            build()


@pytest.mark.parametrize("evil", [*EVIL, "", "a,b", "a&b", "a b", "a/b", "a;b", "a(b", "x" * 300])
def test_numbers_and_names_with_anything_in_them_are_refused(evil: str) -> None:
    for build in (
        lambda: fs.user(evil, "example.org"),
        lambda: fs.user("1001", evil),
        lambda: fs.gateway(evil, "1"),
        lambda: fs.gateway("trunk", evil),
        lambda: fs.outside("sofia/gateway/trunk/{number}", evil),
        lambda: fs.outside(evil, "+8613800138000"),
        lambda: fs.outside(f"sofia/gateway/{evil}/{{number}}", "+8613800138000"),
        lambda: fs.uuid_transfer(A, evil, "default"),
        lambda: fs.uuid_transfer(A, "1", evil),
        lambda: fs.uuid_bridge(A, evil),
        lambda: fs.uuid_kill(A, evil),
        lambda: fs.uuid_send_dtmf(A, evil),
        lambda: fs.uuid_getvar(A, evil),
        lambda: fs.set_variable(evil, "x"),
        lambda: fs.say(evil + "!"),
        lambda: fs.music(evil),
        lambda: fs.tone(evil + "!"),
    ):
        with pytest.raises(UnsafeArgument):
            build()


@pytest.mark.parametrize(
    "name",
    [
        "api_hangup_hook",
        "execute_on_answer",
        "bridge_pre_execute_aleg_app",
        "exec_after_bridge_app",
        "record_post_process_exec_api",
        "session_in_hangup_hook",
    ],
)
def test_variables_that_run_things_are_refused(name: str) -> None:
    with pytest.raises(UnsafeArgument, match="makes the switch run commands"):
        fs.uuid_setvar(A, name, "system")


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/passwd",
        "a/../../x",
        "a//b",
        ".",
        "",
        "a b",
        "a!b",
        "a\nb",
        "shout://x",
        "a.wav@@1",
        ".hidden",
        "x" * 256,
    ],
)
def test_files_do_not_leave_their_folder(name: str) -> None:
    with pytest.raises(UnsafeArgument):
        fs.file(ROOT, name)
    with pytest.raises(UnsafeArgument):
        fs.uuid_record_start(A, ROOT, name)


def test_an_argument_that_would_end_the_application_is_refused_in_originate() -> None:
    with pytest.raises(UnsafeArgument):
        fs.originate(AGENT, fs.transfer("ivr", "switchyard"))
    with pytest.raises(UnsafeArgument):
        fs.originate(AGENT, fs.playback(fs.tone("%(300,0,440)")))


def test_a_text_from_elsewhere_is_no_command() -> None:
    with pytest.raises(TypeError):
        fs.Command("status")
    with pytest.raises(TypeError):
        fs.App("playback", "x.wav")


def test_numbers_out_of_bounds_are_refused() -> None:
    for build in (
        lambda: fs.originate(AGENT, fs.park(), timeout_s=0),
        lambda: fs.originate([], fs.park()),
        lambda: fs.silence(0),
        lambda: fs.playback(),
        lambda: fs.uuid_setvar_multi(A, {}),
        lambda: fs.sip("internal", "1", "h", port=True),
    ):
        with pytest.raises(UnsafeArgument):
            build()


@settings(deadline=None)
@given(st.text())
def test_what_a_person_typed_is_always_safe_once_shown(typed: str) -> None:
    shown = fs.shown_text(typed)
    assert len(shown) <= 64
    assume(shown)
    command = fs.originate(AGENT, fs.park(), variables={"a": shown, "b": "2"})
    assert fs_parse.originate(command.args)[0] == {"a": shown, "b": "2"}


@settings(deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_a_value_is_read_by_the_switch_as_it_was_meant_or_refused(value: str) -> None:
    try:
        command = fs.originate(AGENT, fs.park(), variables={"a": value, "b": "2"})
    except UnsafeArgument:
        return
    meant = {"a": value, "b": "2"}
    variables, rest = fs_parse.originate(command.args)
    assert variables == meant
    assert rest[:2] == [AGENT.target, "&park()"]
    assert fs_parse.setvar_multi(fs.uuid_setvar_multi(A, meant).args) == meant
    assert fs_parse.multiset(fs.set_variables(meant).arg) == meant
    assert fs_parse.separated(fs.uuid_setvar(A, "a", value).args, " ", 3) == [A, "a", value]


@settings(deadline=None)
@given(st.text())
def test_packed_text_comes_back_exactly(text: str) -> None:
    assume(not any("\ud800" <= char <= "\udfff" for char in text))
    packed = fs.packed(text)
    assert fs.unpacked(packed) == text
    if packed and len(packed) <= 1024:
        assert fs.uuid_setvar(A, "answer", packed).text.endswith(packed)


def test_a_name_stays_readable() -> None:
    assert fs.shown_text("  O'Brien,\r\n Ann\t& 李雷 ") == "O\u2019Brien, Ann & 李雷"
    assert fs.shown_text('"x" <sip:1@h>') == "\u201dx\u201d \u2039sip:1@h\u203a"
    assert fs.shown_text("\u202e\x00") == ""
    assert len(fs.shown_text("x" * 1000)) == 64


def test_a_subscription_puts_subclasses_last_and_lets_our_jobs_through() -> None:
    lines = subscription(["CHANNEL_ANSWER", "a::b", "HEARTBEAT"], [("variable_sy_leg", "caller")])
    assert lines == [
        "filter variable_sy_leg caller",
        "filter Event-Name BACKGROUND_JOB",
        "event json CHANNEL_ANSWER HEARTBEAT BACKGROUND_JOB CUSTOM a::b",
    ]


@pytest.mark.parametrize(
    ("events", "filters"),
    [
        (["CUSTOM"], []),
        (["all\n"], []),
        (["channel_answer"], []),
        (["a::b c"], []),
        ([], [("X Y", "1")]),
        ([], [("X", "/^a/")]),
        ([], [("X", "-a")]),
        ([], [("X", "a\n\napi x")]),
    ],
)
def test_a_subscription_that_would_mean_something_else_is_refused(
    events: list[str], filters: list[tuple[str, str]]
) -> None:
    with pytest.raises(UnsafeArgument):
        subscription(events, filters)


@pytest.mark.parametrize(
    ("pattern", "target"),
    [
        ("sofia/gateway/trunk/{number}", "sofia/gateway/trunk/+8613800138000"),
        ("sofia/trunk/{number}@192.0.2.7:5080", "sofia/trunk/+8613800138000@192.0.2.7:5080"),
        ("sofia/trunk/{number}@sip.example.org", "sofia/trunk/+8613800138000@sip.example.org:5060"),
        ("loopback/{number}/public", "loopback/+8613800138000/public"),
        ("null/{number}", "null/+8613800138000"),
    ],
)
def test_outside_numbers_are_dialled_by_the_operators_pattern(pattern: str, target: str) -> None:
    assert fs.outside(pattern, "+8613800138000").target == target


@pytest.mark.parametrize(
    "number",
    [
        "",
        "10050",
        "8613800138000",
        "+0123456789",
        "+86138",
        "+1234567890123456",
        "+86138*21#",
        "+86 138",
        "+86138a",
    ],
)
def test_only_numbers_of_the_world_are_dialled_outside(number: str) -> None:
    """No extension, no feature code, nothing that a trunk could take for more than a number."""
    with pytest.raises(fs.UnsafeArgument):
        fs.outside("sofia/gateway/trunk/{number}", number)
