"""The gateway's decisions: throttle, tokens, refresh, replay, sessions, pushes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.codec import to_json
from services.chassis.errors import Unauthenticated
from services.gateway.domain import AGENT_ROLES, PERMISSIONS, Identity, Permission, Role, User
from services.gateway.engine import pushes, tokens
from services.gateway.engine.refresh import Refresh, Verdict, judge
from services.gateway.engine.replay import Replay
from services.gateway.engine.sessions import Sessions
from services.gateway.engine.throttle import Throttle
from services.stubs.acd.v1 import events_pb2

SECRET = "0123456789abcdef0123456789abcdef"
LI = User("u-1", "demo", "li", "Li", Role.AGENT, "a1", "1001")

# ---------------------------------------------------------------- permissions


def test_every_role_has_a_row_and_may_look_after_itself() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert all(Permission.SELF in allowed for allowed in PERMISSIONS.values())


def test_every_permission_is_somebodys() -> None:
    assert frozenset().union(*PERMISSIONS.values()) == frozenset(Permission)


def test_only_administrators_make_users() -> None:
    makers = {role for role, allowed in PERMISSIONS.items() if Permission.USERS_WRITE in allowed}
    assert makers == {Role.ADMINISTRATOR}


def test_only_agents_and_team_leads_have_desks() -> None:
    assert {Role.AGENT, Role.TEAM_LEAD} == AGENT_ROLES


def test_maintenance_sees_no_customer() -> None:
    assert not {p for p in PERMISSIONS[Role.MAINTENANCE] if p.startswith(("customers", "work_orders"))}


# ---------------------------------------------------------------- throttle


def test_tries_run_out_and_come_back_one_by_one() -> None:
    throttle = Throttle(tries=3, regain_s=10, entries=100)
    assert [throttle.take("li", 0) for _ in range(4)] == [0, 0, 0, 10]
    assert throttle.take("li", 4) == 6
    assert throttle.take("li", 10) == 0
    assert throttle.take("li", 10) == 10
    assert throttle.take("wu", 10) == 0


def test_right_password_costs_nothing() -> None:
    throttle = Throttle(tries=2, regain_s=10, entries=100)
    for _ in range(50):
        assert throttle.take("li", 0) == 0
        throttle.give_back("li")


def test_forgiven_account_starts_anew() -> None:
    throttle = Throttle(tries=1, regain_s=10, entries=100)
    throttle.take("li", 0)
    throttle.forgive("li")
    assert throttle.take("li", 0) == 0


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 5)), max_size=200))
def test_throttle_stays_bounded_and_never_gives_more_than_its_rate(
    guesses: list[tuple[int, float]],
) -> None:
    throttle = Throttle(tries=3, regain_s=7, entries=10)
    now, allowed = 0.0, 0
    for key, passed_s in guesses:
        now += passed_s
        throttle.take(f"key-{key}", now)
        if throttle.take("target", now) == 0:
            allowed += 1
        assert len(throttle) <= 10
    if len(guesses) <= 8:  # nobody was pushed out of the table
        assert allowed <= 3 + now / 7 + 1e-6


# ---------------------------------------------------------------- tokens


def test_token_says_who_and_expires() -> None:
    token = tokens.issue(LI, "s-1", SECRET, now_s=1_000, life_s=900)
    who = tokens.read(token, SECRET, now_s=1_899)
    assert (who.username, who.agent_id, who.session_id, who.role) == ("li", "a1", "s-1", Role.AGENT)
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.read(token, SECRET, now_s=1_900)


def test_foreign_tokens_are_refused() -> None:
    good = tokens.issue(LI, "s-1", SECRET, 1_000, 900)
    claims = jwt.decode(good, options={"verify_signature": False})
    strangers = [
        "",
        "x.y.z",
        good[:-2] + "AA",
        good + "x" * 10_000,
        tokens.issue(LI, "s-1", SECRET[::-1], 1_000, 900),
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims | {"iss": "somebody"}, SECRET, "HS256"),
        jwt.encode({"iss": "switchyard"}, SECRET, "HS256"),
    ]
    for token in strangers:
        with pytest.raises(Unauthenticated):
            tokens.read(token, SECRET, 1_000)


def test_refresh_token_round_trip() -> None:
    part = tokens.first(bytes(32))
    assert tokens.split(tokens.join("demo", "s-1", part)) == ("demo", "s-1", part)
    assert tokens.split("x" * 300) == tokens.split("no dots") == ("", "", "")
    assert tokens.successor(part, SECRET) == tokens.successor(part, SECRET) != part
    assert tokens.successor(part, SECRET) != tokens.successor(part, SECRET[::-1])


NOW = datetime(2026, 11, 22, tzinfo=UTC)
GRACE = timedelta(seconds=10)


def stored(**changes: object) -> Refresh:
    usual: dict[str, object] = {
        "session_id": "s-1",
        "user_id": "u-1",
        "refresh_hash": b"present",
        "previous_hash": b"before",
        "rotated_at": NOW - timedelta(seconds=5),
        "expires_at": NOW + timedelta(hours=1),
    }
    return Refresh(**(usual | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "shown", "verdict"),
    [
        ({}, b"present", Verdict.ROTATE),
        ({}, b"before", Verdict.REPEAT),
        ({"rotated_at": NOW - timedelta(seconds=11)}, b"before", Verdict.REUSE),
        ({"previous_hash": None}, b"before", Verdict.REUSE),
        ({}, b"long ago", Verdict.REUSE),
        ({"revoked": True}, b"present", Verdict.GONE),
        ({"user_disabled": True}, b"present", Verdict.GONE),
        ({"expires_at": NOW}, b"present", Verdict.GONE),
    ],
)
def test_verdicts_on_refresh_tokens(changes: dict[str, object], shown: bytes, verdict: Verdict) -> None:
    assert judge(stored(**changes), shown, NOW, GRACE) is verdict


# ---------------------------------------------------------------- replay


@given(pushed=st.integers(0, 30), keep=st.integers(1, 10), last_seq=st.integers(-2, 32))
def test_replay_gives_exactly_what_was_missed_or_says_that_it_cannot(
    pushed: int, keep: int, last_seq: int
) -> None:
    replay = Replay(keep)
    for number in range(pushed):
        replay.number("held", orjson.dumps({"n": number}))
    missed = replay.after(last_seq)
    possible = 0 <= last_seq <= pushed and pushed - last_seq <= keep
    if not possible:
        assert missed is None
        return
    assert missed is not None
    read = [orjson.loads(frame) for frame in missed]
    assert [frame["seq"] for frame in read] == list(range(last_seq + 1, pushed + 1))
    assert [frame["data"]["n"] for frame in read] == list(range(last_seq, pushed))


# ---------------------------------------------------------------- sessions


class Recorder:
    """An outlet that writes down what it is given."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.code: int | None = None

    def send(self, frame: str) -> None:
        self.frames.append(frame)

    def catch_up(self, frames: list[str]) -> None:
        self.frames.extend(frames)

    def close(self, code: int, sentence: str) -> None:
        self.code = self.code or code


def who(sign_in: str = "s-1", agent_id: str = "a1", slug: str = "demo") -> Identity:
    return Identity("u-1", slug, "li", "Li", Role.AGENT, sign_in, 10_000, agent_id)


def table() -> Sessions:
    return Sessions(keep_messages=10, lost_s=20, resume_s=60)


def test_lost_session_is_resumed_by_the_same_sign_in_only() -> None:
    for sign_in, resumed in (("s-1", True), ("s-2", False)):
        sessions, first, second = table(), Recorder(), Recorder()
        opened = sessions.open(who(), first, None, 0, "p-1")
        sessions.lost(first, opened.session, 100)
        again = sessions.open(who(sign_in), second, "p-1", 0, "p-2")
        assert again.resumed is resumed
        assert (again.session is opened.session) is resumed
        assert again.replaced is None


def test_second_connection_replaces_the_first_and_its_end_changes_nothing() -> None:
    sessions, first, second = table(), Recorder(), Recorder()
    opened = sessions.open(who(), first, None, 0, "p-1")
    again = sessions.open(who("s-2"), second, None, 0, "p-2")
    assert again.replaced is first
    sessions.lost(first, opened.session, 100)
    sessions.lost(first, again.session, 100)
    assert sessions.sweep(1_000) == []
    assert sessions.at("demo", "a1") is again.session


def test_agent_is_reported_lost_once_and_forgotten_later() -> None:
    sessions, outlet = table(), Recorder()
    session = sessions.open(who(), outlet, None, 0, "p-1").session
    sessions.lost(outlet, session, 100)
    assert sessions.sweep(119) == []
    assert sessions.sweep(120) == [session]
    assert sessions.sweep(121) == []
    assert len(sessions) == 1
    sessions.sweep(160)
    assert len(sessions) == 0


def test_agent_back_in_time_is_not_lost() -> None:
    sessions, first, second = table(), Recorder(), Recorder()
    session = sessions.open(who(), first, None, 0, "p-1").session
    sessions.lost(first, session, 100)
    sessions.open(who(), second, "p-1", 0, "p-2")
    assert sessions.sweep(1_000) == []


def test_pushes_go_nowhere_until_the_connection_was_welcomed() -> None:
    sessions, outlet = table(), Recorder()
    session = sessions.open(who(), outlet, None, 0, "p-1").session
    session.push("held", b"{}")
    assert outlet.frames == []
    assert session.replay.after(0) == ['{"seq":1,"type":"held","data":{}}']


def test_restored_session_does_not_push_out_an_agent_who_is_back() -> None:
    sessions, outlet = table(), Recorder()
    session = sessions.open(who(), outlet, None, 0, "p-1").session
    sessions.restore(who(""), "p-9", 100)
    assert sessions.at("demo", "a1") is session


def test_same_agent_id_at_two_tenants_is_two_desks() -> None:
    sessions = table()
    sessions.open(who(), Recorder(), None, 0, "p-1")
    other = sessions.open(who(slug="other"), Recorder(), None, 0, "p-2")
    assert other.replaced is None
    assert len(sessions) == 2


def test_people_without_a_desk_may_watch_from_several_places() -> None:
    sessions = table()
    sessions.open(who("s-1", ""), Recorder(), None, 0, "p-1")
    assert sessions.open(who("s-2", ""), Recorder(), None, 0, "p-2").replaced is None


# ---------------------------------------------------------------- pushes


def test_every_kind_of_event_becomes_plain_words_and_numbers() -> None:
    offered = events_pb2.ContactOffered(
        contact_id="k-1", agent_id="a1", waited_ms=2**40, attempt=1, queue="sales"
    )
    push = pushes.push("ContactOffered", to_json(offered))
    assert push is not None
    assert (push.agent_id, push.type) == ("a1", "offer")
    assert push.data["waited_ms"] == 2**40
    assert push.data["from_number"] == ""
    assert push.data["offered_at"] is None


@pytest.mark.parametrize("kind", pushes.KINDS)
def test_an_empty_event_is_understood(kind: str) -> None:
    """Canonical JSON leaves out whatever is zero or empty."""
    push = pushes.push(kind, {"agentId": "a1"})
    assert push is not None
    assert orjson.loads(orjson.dumps(push.data)) == push.data


@pytest.mark.parametrize("kind", pushes.KINDS)
def test_pushes_carry_every_field_their_event_shares_with_the_contract(kind: str) -> None:
    """A field renamed in proto must not silently become empty on the screen."""
    known = {field.json_name for field in getattr(events_pb2, kind).DESCRIPTOR.fields}
    push = pushes.push(kind, {"agentId": "a1"})
    assert push is not None
    for name in push.data:
        if push.type == "recording" and name == "state":
            continue  # four events, one push: the kind says it
        head, *rest = name.split("_")
        assert head + "".join(part.title() for part in rest) in known


def test_events_of_nobody_are_passed_over() -> None:
    assert pushes.push("ContactQueued", {"agentId": "a1"}) is None
    assert pushes.push("ContactOffered", {}) is None


def test_unknown_words_of_a_newer_acd_do_no_harm() -> None:
    data = {"agentId": "a1", "presence": 99, "routingStatus": "ROUTING_STATUS_DREAMING"}
    push = pushes.push("AgentStateChanged", data)
    assert push is not None
    assert push.data["presence"] == "offline"
    assert push.data["routing_status"] == "dreaming"
