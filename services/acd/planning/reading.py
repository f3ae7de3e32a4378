"""From a plan's text to a `Plan`; docs/howto/plan-a-day.md shows every field."""

from __future__ import annotations

import re
from collections.abc import Collection

from services.acd.engine.stimuli import AgentSettings, Enqueue, QueueSettings
from services.acd.planning import forms
from services.acd.planning.marks import Fields, Problem, Refused, Value, compose
from services.acd.planning.plan import (
    AGENTS_MOST,
    HOUR_MS,
    MINUTE_MS,
    NO_TIME,
    Break,
    Form,
    Group,
    Kind,
    Length,
    Plan,
    QueuePlan,
    Runs,
)

QUEUE = re.compile(r"[a-z0-9_-]{1,64}")
TIME = re.compile(r"(\d{1,4}):([0-5]\d)")
SPAN = re.compile(r"(\d{1,4}:[0-5]\d)\s*(?:-|–|to)\s*(\d{1,4}:[0-5]\d)")
DAY = (8 * HOUR_MS, 20 * HOUR_MS)
HALF_HOUR_MIN = 30

INTERVALS_MOST = 5_000
"""Seven months of hours in one long run; more rows nobody reads."""
CONTACTS_MOST = 5_000_000
"""Of one day: some minutes of computing and a gigabyte. Larger centres plan site by site."""
LONGEST_S = 86_400.0
NAME_CHARS = 100

# Fields of the engine's records that the simulator fills in itself.
OURS_QUEUE = ("name", "title", "wrap_up_ms", "waiting_flow", "hours", "revision")
OURS_AGENT = ("agent_id", "name", "extension", "queues", "work_mode", "revision")
OURS_CONTACT = (
    *("arrival", "queue", "enqueued_at", "holder", "after_bridge", "data"),
    *("preferred", "prefer_ms", "excluded", "booked_at"),
)


def read(source: str) -> Plan:
    """The plan in a YAML text. Raises Refused with all problems found."""
    problems: list[Problem] = []
    root = Value(compose(source), "", problems).fields("a plan")
    plan = _plan(root)
    root.finish()
    if plan is not None:
        _check_whole(plan, root)
    if problems or plan is None:
        raise Refused(problems)
    return plan


def _plan(root: Fields) -> Plan | None:
    name = _name(root.take("name"), "plan")
    opens_ms, closes_ms, interval_ms = _day(root)
    intervals = (closes_ms - opens_ms) // interval_ms
    queues = [_queue(key, value, intervals) for key, value in _named(root, "queues")]
    known = [queue.name for queue in queues]
    groups = [_group(key, value, known, (opens_ms, closes_ms)) for key, value in _named(root, "agents")]
    runs = _runs(root.take("run"), intervals)
    return Plan(name, opens_ms, closes_ms, interval_ms, tuple(queues), tuple(groups), runs)


def _named(root: Fields, name: str) -> list[tuple[str, Value]]:
    value = root.take(name, needed=True)
    found = list(value.fields(name).all()) if value is not None else []
    if value is not None and not found:
        value.wrong("is empty; give at least one, as `name: {…}`")
    return found


def _name(value: Value | None, default: str) -> str:
    if value is None:
        return default
    if len(value.text) > NAME_CHARS:
        value.wrong(f"is longer than {NAME_CHARS} characters")
    return value.text or default


def _check_whole(plan: Plan, root: Fields) -> None:
    if plan.expected_contacts > CONTACTS_MOST:
        root.value.wrong(
            f"the day has {plan.expected_contacts:,.0f} contacts; at most {CONTACTS_MOST:,} can be simulated"
        )


# ---------------------------------------------------------------- the day


def _day(root: Fields) -> tuple[int, int, int]:
    """Opening, closing, interval; always such that the rest of the plan can be read."""
    opens_ms = _time(root.take("opens"), DAY[0])
    closes = root.take("closes")
    closes_ms = _time(closes, DAY[1])
    interval = root.take("interval_min")
    minutes = HALF_HOUR_MIN if interval is None else interval.whole(1, 1_440, HALF_HOUR_MIN)
    interval_ms = minutes * MINUTE_MS
    if closes_ms <= opens_ms:
        (closes or root.value).wrong("the day closes before it opens; after midnight write 24:00, 25:00, …")
        return opens_ms, opens_ms + interval_ms, interval_ms
    open_min = (closes_ms - opens_ms) // MINUTE_MS
    if open_min % minutes:
        (interval or closes or root.value).wrong(
            f"intervals of {minutes} minutes do not fit into a day of {open_min}: change one of the two"
        )
    elif open_min // minutes > INTERVALS_MOST:
        (interval or root.value).wrong(f"makes more than {INTERVALS_MOST:,} intervals; take longer ones")
    return opens_ms, closes_ms, interval_ms


def _time(value: Value | None, default: int) -> int:
    if value is None:
        return default
    match = TIME.fullmatch(value.text)
    if match is None:
        value.wrong(f"is {value.text[:20]!r}; must be a time such as 08:30")
        return default
    return int(match[1]) * HOUR_MS + int(match[2]) * MINUTE_MS


def _span(value: Value, default: tuple[int, int]) -> tuple[int, int]:
    """A span such as 09:00-17:30."""
    match = SPAN.fullmatch(value.text)
    if match is None:
        value.wrong(f"is {value.text[:30]!r}; must be a span such as 09:00-17:30")
        return default
    starts, ends = (_moment(match[1]), _moment(match[2]))
    if ends <= starts:
        value.wrong("ends before it starts; after midnight write 24:00, 25:00, …")
        return default
    return starts, ends


def _moment(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * HOUR_MS + int(minutes) * MINUTE_MS


# ---------------------------------------------------------------- queues


def _queue(name: str, value: Value, intervals: int) -> QueuePlan:
    if QUEUE.fullmatch(name) is None:
        value.wrong("a queue's name has small letters, digits, - and _ only; `title` is for people")
    fields = value.fields("a queue")
    arrivals, even, forecast_cv = _arrivals(fields.take("arrivals", needed=True), intervals)
    wrap_up, wrap_up_most_ms = _wrap_up(fields.take("wrap_up"))
    queue = QueuePlan(
        settings=_settings(name, fields, wrap_up_most_ms),
        arrivals=arrivals,
        talk=_length(fields.take("talk", needed=True)),
        wrap_up=wrap_up,
        patience=_patience(fields.take("patience")),
        kinds=_kinds(fields.take("kinds")),
        even=even,
        forecast_cv=forecast_cv,
    )
    fields.finish()
    return queue


def _settings(name: str, fields: Fields, wrap_up_most_ms: int) -> QueueSettings:
    title = _name(fields.take("title"), "")
    routing = fields.take("routing")
    taken = {}
    if routing is not None:
        settings = routing.fields("routing")
        taken = forms.take(settings, QueueSettings, OURS_QUEUE)
        settings.finish()
    return QueueSettings(name, title=title, wrap_up_ms=wrap_up_most_ms, **taken)


def _arrivals(value: Value | None, intervals: int) -> tuple[tuple[float, ...], bool, float]:
    """Expected in each interval; whether evenly spaced; how far the day may be off."""
    if value is None or value.plain or value.is_list:
        return _volumes(value, intervals), False, 0.0
    fields = value.fields("arrivals")
    even = fields.take("even")
    forecast_cv = fields.number("forecast_cv", 0.0, 0, 2)
    total = fields.take("total")
    profile = fields.take("profile")
    each = fields.take("per_interval")
    if (total is None) is (each is None):
        value.wrong("give either per_interval, or total and profile")
        volumes = (0.0,) * intervals
    elif total is None:
        volumes = _volumes(each, intervals)
    else:
        volumes = _profile(total.number(0, CONTACTS_MOST), profile, intervals)
    fields.finish()
    return volumes, even is not None and even.yes(), forecast_cv


def _volumes(value: Value | None, intervals: int) -> tuple[float, ...]:
    """One number for every interval, or a list of one for each."""
    if value is None:
        return (0.0,) * intervals
    if not value.is_list:
        return (value.number(0, CONTACTS_MOST),) * intervals
    items = value.items()
    if len(items) != intervals:
        value.wrong(f"has {len(items)} numbers, the day has {intervals} intervals: give one for each")
        return (0.0,) * intervals
    return tuple(item.number(0, CONTACTS_MOST) for item in items)


def _profile(total: float, profile: Value | None, intervals: int) -> tuple[float, ...]:
    """A total spread over the day: weights of any size, or evenly without."""
    weights = (1.0,) * intervals if profile is None else _volumes(profile, intervals)
    whole = sum(weights)
    if profile is not None and whole <= 0:
        if not any(problem.line == profile.line for problem in profile.problems):
            profile.wrong("is all zeros: nobody would call")
        return (0.0,) * intervals
    return tuple(total * weight / whole for weight in weights)


def _kinds(value: Value | None) -> tuple[Kind, ...]:
    """Parts of the contacts with a priority, skills, …; the rest has nothing special."""
    kinds = []
    for item in value.items() if value is not None else []:
        fields = item.fields("a kind")
        share = fields.take("share", needed=True)
        more = forms.take(fields, Enqueue, OURS_CONTACT)
        kinds.append(Kind(share.number(0, 1) if share is not None else 0.0, more))
        fields.finish()
    if value is not None and sum(kind.share for kind in kinds) > 1 + 1e-9:
        value.wrong("the shares are more than 1 together")
    return tuple(kinds)


# ---------------------------------------------------------------- how long things take


def _length(value: Value | None, what: str = "a time", *, more: Collection[str] = ()) -> Length:
    """`{mean_s: 240}` is exponential; `distribution` and, for lognormal, `cv` say otherwise."""
    if value is None:
        return NO_TIME
    if value.plain or value.is_list:
        value.wrong(f"{what} is written {{mean_s: 240, distribution: exponential}}")
        return NO_TIME
    fields = value.fields(what)
    for name in more:
        fields.take(name)
    mean = fields.take("mean_s", needed=True)
    mean_s = mean.number(0, LONGEST_S) if mean is not None else 0.0
    form = _form(fields.take("distribution"))
    cv = fields.take("cv")
    if cv is not None and form is not Form.LOGNORMAL:
        cv.wrong(f"only lognormal times have one; this is {form}")
    if cv is None and form is Form.LOGNORMAL:
        value.wrong("a lognormal time needs 'cv', its standard deviation / mean")
    fields.finish()
    return Length(form, mean_s * 1_000, cv.number(0.01, 10, 1.0) if cv is not None else 1.0)


def _form(value: Value | None) -> Form:
    if value is None:
        return Form.EXPONENTIAL
    return Form(value.one_of([form.value for form in Form], "distribution", Form.EXPONENTIAL.value))


def _wrap_up(value: Value | None) -> tuple[Length, int]:
    """The time taken, and the engine's own bound on it: an hour, the longest a queue can be set to."""
    if value is None:
        return NO_TIME, 0
    length = _length(value, "a wrap-up", more=("at_most_s",))
    at_most = None if value.plain or value.is_list else value.fields("a wrap-up").take("at_most_s")
    most_s = 3_600.0 if at_most is None else at_most.number(1, 3_600, 3_600.0)
    return length, round(most_s * 1_000)


def _patience(value: Value | None) -> Length | None:
    if value is None or (value.plain and value.text == "none"):
        return None
    if value.plain:
        value.wrong("is none, or a time such as {mean_s: 120, distribution: exponential}")
        return None
    return _length(value, "patience")


# ---------------------------------------------------------------- agents


def _group(name: str, value: Value, queues: Collection[str], day: tuple[int, int]) -> Group:
    if len(name) > NAME_CHARS:
        value.wrong(f"its name is longer than {NAME_CHARS} characters")
    fields = value.fields("a group")
    count = fields.take("count", needed=True)
    starts_ms, ends_ms = _shift(fields.take("shift"), day)
    no_answer = fields.number("no_answer", 0.0, 0, 1)
    group = Group(
        name=name,
        count=count.whole(0, AGENTS_MOST) if count is not None else 0,
        queues=_served(fields, queues),
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        breaks=_breaks(fields.take("breaks"), (starts_ms, ends_ms)),
        answering=_length(fields.take("answering"), "answering"),
        no_answer=no_answer,
        more=forms.take(fields, AgentSettings, OURS_AGENT),
    )
    fields.finish()
    return group


def _served(fields: Fields, queues: Collection[str]) -> tuple[str, ...]:
    value = fields.take("queues", needed=True)
    if value is None:
        return ()
    return tuple(name for item in value.items() if (name := item.one_of(queues, "queue")))


def _shift(value: Value | None, day: tuple[int, int]) -> tuple[int, int]:
    """The whole day unless said otherwise."""
    if value is None:
        return day
    starts, ends = _span(value, day)
    if starts >= day[1] or ends <= day[0]:
        value.wrong("lies outside of the day")
    return starts, ends


def _breaks(value: Value | None, shift: tuple[int, int]) -> tuple[Break, ...]:
    return tuple(_break(item, shift) for item in value.items()) if value is not None else ()


def _break(value: Value, shift: tuple[int, int]) -> Break:
    """`12:00-12:30`: all at once. `{between: 11:30-13:30, minutes: 30}`: one after the other."""
    if value.plain:
        starts, ends = _span(value, shift)
        chosen = Break(starts, starts, ends - starts)
    else:
        chosen = _staggered(value.fields("a break"), shift)
        starts, ends = chosen.first_ms, chosen.last_ms + chosen.length_ms
    if starts < shift[0] or ends > shift[1]:
        value.wrong("lies outside of the shift")
    return chosen


def _staggered(fields: Fields, shift: tuple[int, int]) -> Break:
    between = fields.take("between", needed=True)
    starts, ends = _span(between, shift) if between is not None else shift
    minutes = fields.take("minutes", needed=True)
    length_ms = minutes.whole(1, 1_440, 1) * MINUTE_MS if minutes is not None else MINUTE_MS
    if minutes is not None and length_ms > ends - starts:
        minutes.wrong("is longer than the time it is to be taken in")
        length_ms = ends - starts
    fields.finish()
    return Break(starts, ends - length_ms, length_ms)


# ---------------------------------------------------------------- runs


def _runs(value: Value | None, intervals: int) -> Runs:
    usual = Runs()
    if value is None:
        return usual
    fields = value.fields("run")
    batches = fields.take("batches")
    many = _batches(batches, intervals)
    runs = Runs(
        replications=fields.whole("replications", 1 if many else usual.replications, 1, 1_000),
        batches=many,
        confidence=fields.number("confidence", usual.confidence, 0.5, 0.999),
        seed=fields.whole("seed", usual.seed, 0, 2**31),
        warm_up_ms=round(fields.number("warm_up_min", 0, 0, 10_000) * MINUTE_MS),
    )
    if batches is not None and many and runs.replications > 1:
        batches.wrong("batches are parts of one long run: leave out replications, or batches")
    fields.finish()
    return runs


def _batches(value: Value | None, intervals: int) -> int:
    if value is None:
        return 0
    many = value.whole(2, 1_000, 2)
    if intervals % many:
        value.wrong(f"{many} batches do not divide the day's {intervals} intervals evenly")
    return many
