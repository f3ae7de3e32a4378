"""Calls through the default flow, told as they happen."""

from datetime import timedelta

import pytest

from services.ivr.engine import Caller
from services.ivr.engine import commands as do
from services.ivr.engine import events as on
from tests.unit.ivr.playbook import DEFAULT, NOON, Playbook, read, variables


def test_caller_chooses_sales_talks_and_rates() -> None:
    """The whole life of an ordinary call, command by command."""
    call = Playbook()
    assert call.tell(on.Started()) == [
        do.Announce(do.CallStarted(re_entered=False)),
        do.Answer(),
        do.Play(1, ("welcome",), "zh"),
    ]
    assert call.heard() == [
        do.SetVariables({"sy_flow": "default@1", "sy_flow_node": "menu"}),
        do.Play(2, ("menu", "menu_other_language"), "zh"),
    ]
    assert call.key("1") == [
        do.Stop(),
        do.Announce(do.MenuChosen("menu", "1")),
        do.SetVariables(
            {
                "sy_flow": "default@1",
                "sy_flow_node": "sales",
                "sy_enqueued_at": call.now.isoformat(),
                "sy_queue": "sales",
            }
        ),
        do.StartTimer("max_wait", 300),
        do.StartTimer("place", 20),
        do.Enqueue("sales", 0, call.now, {"language": "zh", "menu.menu": "1"}),
        do.Play(3, ("please_wait",), "zh"),
    ]
    assert call.tell(on.Placed(2)) == []
    assert call.heard() == [do.Play(4, (do.MUSIC,), "zh")]
    assert call.tell(on.PlaybackEnded(4, cut=True)) == [do.StartTimer("silence", 1)]
    assert call.tell(on.Bridged()) == [
        do.SetVariables(
            {
                "sy_flow": "default@1",
                "sy_flow_node": "survey",
                "sy_answered": "1",
                "sy_enqueued_at": "",
            }
        ),
        do.StopTimer("max_wait"),
        do.StopTimer("place"),
        do.StopTimer("silence"),
        do.Release(),
    ]
    back = Playbook()
    assert back.tell(on.Started(on.Position("survey", answered=True), answered=True)) == [
        do.Announce(do.CallStarted(re_entered=True)),
        do.Play(1, ("survey",), "zh"),
    ]
    assert back.key("5") == [
        do.Stop(),
        do.Announce(do.SurveyAnswered("survey", 5, 5)),
        do.SetVariables({"sy_flow": "default@1", "sy_flow_node": "thanks"}),
        do.Play(2, ("thanks",), "zh"),
    ]
    assert back.heard() == [do.HangUp("NORMAL_CLEARING")]
    assert back.tell(on.HungUp()) == [do.Close("answered", "NORMAL_CLEARING")]
    assert back.key("1") == []


def test_blacklisted_caller_hears_an_apology_and_is_refused() -> None:
    call = Playbook(caller=Caller(blocked=True))
    assert do.Play(1, ("refused",), "zh") in call.tell(on.Started())
    assert call.heard() == [do.HangUp("CALL_REJECTED")]
    assert call.tell(on.HungUp("CALL_REJECTED")) == [do.Close("rejected", "CALL_REJECTED")]


def test_wrong_keys_and_silence_end_in_the_default_queue() -> None:
    """A caller who presses what means nothing, then nothing at all, still reaches people."""
    call = Playbook()
    call.tell(on.Started())
    call.heard()
    call.key("7")
    assert call.plays() == ("invalid_key",)
    call.heard()
    assert call.plays() == ("menu", "menu_other_language")
    call.heard()
    call.fires("answer", after_s=5)
    assert call.plays() == ("menu", "menu_other_language")
    call.heard()
    call.fires("answer", after_s=5)
    assert call.at() == "sales"


def test_a_caller_who_knows_the_way_types_ahead() -> None:
    call = Playbook()
    call.tell(on.Started())
    call.key("2")
    assert call.at() == "support"
    assert call.plays() == ("please_wait",)


def test_a_key_for_the_menu_does_not_leave_the_queue() -> None:
    """Two quick ones in the greeting: the second must not be taken for "leave a message"."""
    call = Playbook()
    call.tell(on.Started())
    call.run.type_ahead("1")
    call.run.type_ahead("1")
    call.key("1")
    assert call.at() == "sales"
    assert not [c for c in call.said if isinstance(c, do.Withdraw)]


def test_english_on_request() -> None:
    call = Playbook()
    call.tell(on.Started())
    call.heard()
    assert do.SetVariables({"sy_language": "en"}) in call.key("9")
    assert do.Play(3, ("menu", "menu_other_language"), "en") in call.said


def test_vip_goes_first() -> None:
    call = Playbook(caller=Caller(customer_id="c", level=3)).in_queue()
    assert [c.priority for c in call.said if isinstance(c, do.Enqueue)] == [3]


def test_place_is_announced_between_the_music() -> None:
    call = Playbook().in_queue()
    assert call.plays() == (do.MUSIC,)
    assert call.fires("place", after_s=20) == [
        do.StartTimer("place", 20),
        do.Stop(),
        do.Play(5, ("ahead_before", "n_2_counted", "ahead_after", "press_1_for_message"), "zh"),
    ]
    assert call.heard() == [do.Play(6, (do.MUSIC,), "zh")]
    call.tell(on.Placed(1))
    call.fires("place", after_s=20)
    assert call.plays() == ("you_are_next", "press_1_for_message")


def test_waiting_caller_leaves_a_message_by_key() -> None:
    """The music goes on until the ACD has let go, then the message is asked for."""
    call = Playbook().in_queue()
    assert call.key("1") == [do.StartTimer("leaving", 3), do.Withdraw("key")]
    assert call.plays() == (do.MUSIC,)
    assert call.key("1") == []
    call.tell(on.Withdrawn())
    assert call.plays() == ("leave_message",)
    call.heard()
    assert call.plays() == (do.BEEP,)
    assert do.Record(120, 5) in call.heard()
    assert do.Announce(do.VoicemailLeft("message", 8000)) in call.tell(on.RecordingEnded(8000))
    call.heard()
    assert call.tell(on.HungUp())[-1] == do.Close("voicemail", "NORMAL_CLEARING")


def test_agent_answers_in_the_moment_the_caller_gives_up() -> None:
    call = Playbook().in_queue()
    call.key("1")
    assert do.StartTimer("bridge", 10) in call.tell(on.Withdrawn(late=True))
    assert call.plays() == (do.MUSIC,)
    assert call.tell(on.Bridged())[-1] == do.Release()


def test_bridge_that_never_comes_is_asked_for_again() -> None:
    call = Playbook().in_queue()
    call.tell(on.AlreadyAnswered())
    assert isinstance(call.fires("bridge")[0], do.Enqueue)
    call.tell(on.AlreadyAnswered())
    call.fires("bridge")
    call.tell(on.AlreadyAnswered())
    assert (call.at(), call.run.outcome) == ("survey", "answered")


@pytest.mark.parametrize("why", ["full", "unknown"])
def test_refused_by_the_queue_ends_with_a_message(why: str) -> None:
    call = Playbook()
    call.tell(on.Started())
    call.key("1")
    call.tell(on.Refused(why))
    assert call.plays() == ("all_busy",)
    call.heard()
    assert call.plays() == ("leave_message",)


def test_max_wait_and_expulsion_end_with_a_message() -> None:
    call = Playbook().in_queue()
    call.fires("max_wait", after_s=300)
    call.tell(on.Withdrawn())
    assert call.plays() == ("all_busy",)
    call = Playbook().in_queue()
    call.tell(on.Expelled("no_agents"))
    assert call.plays() == ("all_busy",)


def test_acd_down_when_the_caller_comes() -> None:
    """Music and retries for half a minute, each a little later; then an apology and a message."""
    call = Playbook()
    call.tell(on.Started())
    call.key("1")
    assert call.tell(on.Refused("unavailable")) == [
        do.StartTimer("patience", 30),
        do.StartTimer("retry", 0.5),
    ]
    assert isinstance(call.fires("retry")[0], do.Enqueue)
    assert call.tell(on.Refused("unavailable")) == [do.StartTimer("retry", 1)]
    call.fires("patience", after_s=30)
    assert do.Withdraw("unavailable") in call.said
    assert call.plays() == ("all_busy",)


def test_acd_restarts_while_a_caller_waits() -> None:
    """The caller notices nothing, and keeps the time already waited."""
    call = Playbook().in_queue()
    assert call.tell(on.QueueLost(), after_s=60) == [do.StartTimer("patience", 30)]
    assert call.tell(on.Placed(1)) == [do.StopTimer("patience")]
    assert call.plays() == (do.MUSIC,)


def test_prompt_ends_while_the_bridge_is_made() -> None:
    """The bridge is announced up to 60 ms after it was made. Music begun meanwhile would be heard over
    the agent's voice: it is stopped, with what may be queued."""
    call = Playbook()
    call.tell(on.Started())
    call.key("1")
    assert call.heard() == [do.Play(3, (do.MUSIC,), "zh")]
    assert do.Stop() in call.tell(on.Bridged())


def test_music_cut_off_without_a_bridge_goes_on() -> None:
    call = Playbook().in_queue()
    call.tell(on.PlaybackEnded(call.run.playing, cut=True))
    assert call.fires("silence", after_s=1) == [do.Play(5, (do.MUSIC,), "zh")]
    call.tell(on.PlaybackEnded(call.run.playing, failed=True, cut=True))
    assert call.fires("silence", after_s=1) == [do.Play(6, (do.TONE,), "zh")]


def test_ivr_dies_while_a_caller_waits() -> None:
    """Another process goes on: music at once, the wait counted from its beginning."""
    since = NOON - timedelta(seconds=100)
    call = Playbook()
    said = call.tell(on.Started(on.Position("sales", enqueued_at=since), answered=True))
    assert do.Enqueue("sales", 0, since, {"language": "zh"}) in said
    assert do.StartTimer("max_wait", 200) in said
    assert call.plays() == (do.MUSIC,)


def test_ivr_dies_while_a_caller_talks() -> None:
    """Nobody wrote down that an agent answered; the ACD knows, and the caller comes to the survey."""
    call = Playbook()
    call.tell(on.Started(on.Position("sales", enqueued_at=NOON), answered=True))
    call.tell(on.AlreadyAnswered())
    assert (call.at(), call.run.outcome) == ("survey", "answered")


def test_version_of_the_flow_is_gone() -> None:
    call = Playbook()
    call.tell(on.Started(on.Position("no_such_node"), answered=True))
    assert call.plays() == ("welcome",)
    served = Playbook()
    served.tell(on.Started(on.Position("no_such_node", answered=True), answered=True))
    assert served.plays() == ("goodbye",)
    assert served.heard() == [do.HangUp("NORMAL_CLEARING")]


def test_music_file_is_missing_on_the_switch() -> None:
    """A tone takes its place; where that fails too, both are tried every 2 s, not a thousand times."""
    call = Playbook().in_queue()
    assert call.heard(failed=True, after_s=0) == [do.Play(5, (do.TONE,), "zh")]
    assert call.heard(failed=True, after_s=0) == [do.StartTimer("silence", 2)]
    assert call.fires("silence") == [do.Play(6, (do.MUSIC,), "zh")]


def test_prompt_file_is_missing_on_the_switch() -> None:
    call = Playbook()
    call.tell(on.Started())
    assert call.heard(failed=True) == [do.Play(2, (do.NOTICE,), "zh")]
    call.heard(failed=True)
    assert call.at() == "menu"


def test_something_of_ours_breaks() -> None:
    """An apology, then the end: never silence."""
    call = Playbook().in_queue()
    call.tell(on.Failed())
    assert call.plays() == (do.SORRY,)
    assert call.heard() == [do.HangUp("NORMAL_TEMPORARY_FAILURE")]
    assert call.tell(on.HungUp())[-1] == do.Close("rejected", "NORMAL_CLEARING")


def test_caller_hangs_up_anywhere() -> None:
    for steps in range(4):
        call = Playbook()
        call.tell(on.Started())
        for _ in range(steps):
            call.key("1")
        assert call.tell(on.HungUp("ORIGINATOR_CANCEL"))[-1] == do.Close("abandoned", "ORIGINATOR_CANCEL")
        assert not call.run._timers


def test_caller_hangs_up_at_the_end_of_a_message() -> None:
    """Most people end a message by hanging up: it counts, if it is long enough to be one."""
    for recorded_ms, outcome in ((5000, "voicemail"), (300, "abandoned")):
        call = Playbook().in_queue()
        call.tell(on.Expelled("no_agents"))
        call.key("1")
        for _ in range(3):
            call.heard()
        assert call.run.recording
        assert call.tell(on.HungUp(recorded_ms=recorded_ms))[-1] == do.Close(outcome, "NORMAL_CLEARING")


def test_recording_fails() -> None:
    call = Playbook().in_queue()
    call.tell(on.Expelled("no_agents"))
    for _ in range(3):
        call.heard()
    call.tell(on.RecordingEnded(0, failed=True))
    assert call.plays() == (do.SORRY,)
    call.heard()
    assert call.plays() == ("goodbye",)


def test_key_flood_stays_bounded() -> None:
    """A fax machine, or malice: ten thousand keys cost no memory and lead to the default queue."""
    call = Playbook()
    call.tell(on.Started())
    for _ in range(10_000):
        call.key("8")
    assert len(call.run.typed) <= 8
    assert len(call.said) < 100


def test_caller_who_circles_for_ever_is_let_go() -> None:
    call = Playbook()
    call.tell(on.Started())
    for _ in range(1_000):
        call.key("9")
    assert call.plays() == (do.SORRY,)


def test_closed_out_of_hours_but_not_for_vips() -> None:
    closed = DEFAULT.replace("always: yes", 'week: {mon-fri: "09:00-18:00"}')
    night = NOON.replace(hour=20)
    for level, node in ((0, "closed"), (3, "menu")):
        call = Playbook(flow=read(closed), caller=Caller(level=level), now=night)
        call.tell(on.Started())
        call.heard()
        assert call.at() == node
    assert variables(call.said)["sy_flow_node"] == "menu"
