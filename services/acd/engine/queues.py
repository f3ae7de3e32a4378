"""Queues: settings, who is let in, and where contacts go that a queue cannot keep."""

from __future__ import annotations

from operator import attrgetter

from services.acd.domain import Channel, ContactState, LeftQueue, OverflowAction
from services.acd.engine import lanes, matching
from services.acd.engine.commands import Command
from services.acd.engine.contacts import WAITING
from services.acd.engine.floor import Alarm, Contact, Floor, Profile, Queue
from services.acd.engine.hands import room, stand
from services.acd.engine.lanes import qualifies
from services.acd.engine.stimuli import FLOW, Overflow, PutQueue, QueueSettings, Skills, Step
from services.acd.engine.timers import set_timer
from services.chassis import clock
from services.chassis.errors import Invalid

HOPS_MOST = 8
"""Queues one contact overflows through. Settings that go in circles are refused, but may change meanwhile."""
EXPELLED_AT_ONCE = 256
"""Contacts that leave in one go when nobody is staffed any more: others must not wait for all of them."""

_SETTINGS = ("on_max_wait", "on_full", "on_closed", "on_no_agents")

OVERFLOWS = {
    LeftQueue.MAX_WAIT: "on_max_wait",
    LeftQueue.FULL: "on_full",
    LeftQueue.CLOSED: "on_closed",
    LeftQueue.NO_AGENTS: "on_no_agents",
    LeftQueue.NOBODY_QUALIFIED: "on_no_agents",
}


def put_queue(floor: Floor, stimulus: PutQueue, now: int, out: list[Command]) -> None:
    """Makes or changes a queue. Raises Invalid as `check_overflows`; then nothing changes."""
    settings = stimulus.settings
    check_overflows(floor, settings)
    queue = floor.queues.get(settings.name)
    if queue is None:
        queue = Queue(settings, lanes.measure_of(settings), unstaffed_since=now)
        floor.queues[settings.name] = queue
    else:
        before = queue.settings
        queue.settings = settings
        queue.measure = lanes.measure_of(settings)
        if (before.strategy, before.idle_since_contact) != (settings.strategy, settings.idle_since_contact):
            lanes.relink(floor, queue)
            for agent in floor.agents.values():
                stand(floor, agent, room(agent))
        if _rules_of_order(before) != _rules_of_order(settings):
            _put_in_order_anew(floor, queue)
        if before.max_wait_ms != settings.max_wait_ms:
            for contact in _who_wait(floor, queue):
                bound_wait(floor, contact, settings, now)
        if before.relax != settings.relax:
            for contact in _who_wait(floor, queue):
                if contact.eased_by_queue:
                    _ease_anew(floor, contact, settings, now)
    queue.open_until = 0
    if not queue.staffed:
        watch_for_nobody(floor, queue)


def _rules_of_order(settings: QueueSettings) -> tuple[bool, int, int]:
    return settings.strict, settings.priority_step_ms, settings.service_level_ms


def _put_in_order_anew(floor: Floor, queue: Queue) -> None:
    """Places by the old rules and by the new ones cannot be compared: who waits already is placed anew."""
    for contact in sorted(_who_wait(floor, queue), key=attrgetter("order")):
        standing, refused = contact.standing, contact.order < 0
        if standing is not None:
            standing.waiting.remove(contact.order)
        matching.place_in_line(floor, contact, queue.settings)
        if refused:
            matching.to_the_front(contact)
        if standing is not None:
            standing.waiting.add(contact.order, contact)


def _who_wait(floor: Floor, queue: Queue) -> list[Contact]:
    return [each for each in floor.contacts.values() if each.queue is queue and each.state in WAITING]


def bound_wait(floor: Floor, contact: Contact, settings: QueueSettings, now: int) -> None:
    """The contact leaves when it has waited as long as may be: in all, or, when it overflowed into this
    queue, in this one alone, whose bound it could miss on arrival otherwise. Who is to be called back is
    bounded by their own window; once they have picked up they wait as who called by themselves does."""
    plan = contact.callback
    contact.leave_at = 0
    if plan is not None and not contact.call_id:
        contact.leave_at = max(plan.not_after, now)
    elif settings.max_wait_ms:
        contact.leave_at = max(_bounded_since(contact) + settings.max_wait_ms, now)
    if contact.leave_at:
        set_timer(floor, contact.leave_at, Alarm.LEAVE, contact)


def _bounded_since(contact: Contact) -> int:
    if contact.callback is not None:
        return contact.callback.on_line_at
    return contact.joined_at if contact.came_by else contact.enqueued_at


def check_overflows(floor: Floor, settings: QueueSettings) -> None:
    """Raises Invalid for overflows to nowhere or in a circle."""
    for field in _SETTINGS:
        _check_overflow(floor, settings, field)


def _check_overflow(floor: Floor, settings: QueueSettings, field: str) -> None:
    """No way may lead back: whichever queue on it is full, closed or empty today, a contact must get out."""
    overflow: Overflow = getattr(settings, field)
    if overflow.action is not OverflowAction.QUEUE:
        return
    if overflow.target not in floor.queues and overflow.target != settings.name:
        raise Invalid(field, f"there is no queue {overflow.target!r}")
    ways = [[settings.name, overflow.target]]
    while ways:
        way = ways.pop()
        if way[-1] == settings.name:
            raise Invalid(field, f"goes in a circle: {' → '.join(way)}; let one of them end elsewhere")
        ways += [[*way, name] for name in _leads_to(floor.queues[way[-1]].settings) if name not in way[1:]]


def _leads_to(settings: QueueSettings) -> set[str]:
    ways: list[Overflow] = [getattr(settings, field) for field in _SETTINGS]
    return {way.target for way in ways if way.action is OverflowAction.QUEUE}


# ---------------------------------------------------------------- who is let in


def admit(
    floor: Floor, contact: Contact, wanted: Queue, now: int, hops: int = 0
) -> tuple[Queue | None, LeftQueue, Overflow]:
    """The queue that takes this contact: the one wanted, or one that it overflows to. None: why not, and
    what is to happen instead."""
    queue, reason = wanted, LeftQueue.FULL
    for _ in range(hops, HOPS_MOST):
        refused = refusal(floor, contact, queue, now)
        if refused is None:
            return queue, reason, FLOW
        reason = refused
        overflow: Overflow = getattr(queue.settings, OVERFLOWS[reason])
        following = floor.queues.get(overflow.target) if overflow.action is OverflowAction.QUEUE else None
        if following is None:
            return None, reason, overflow
        queue = following
    return None, reason, FLOW


def refusal(floor: Floor, contact: Contact, queue: Queue, now: int) -> LeftQueue | None:
    """Why the queue does not take this contact now, or when it is booked for; None: it does."""
    settings, early = queue.settings, contact.booked_at > now
    if not (_opens(queue, contact.booked_at) if early else is_open(queue, now)):
        return LeftQueue.CLOSED
    if queue.waiting >= settings.max_length and not early:
        return LeftQueue.FULL
    if not queue.staffed and not early and unstaffed_for_long(queue, now):
        return LeftQueue.NO_AGENTS
    if not ever_qualified(floor, contact, queue):
        return LeftQueue.NOBODY_QUALIFIED
    return None


def is_open(queue: Queue, now: int) -> bool:
    """Whether the queue has its opening hours; the calendar is asked when that may have changed."""
    calendar = queue.settings.hours
    if calendar is None:
        return True
    if now >= queue.open_until:
        moment = clock.from_ms(now)
        change = calendar.next_change(moment)
        queue.open = calendar.is_open(moment)
        queue.open_until = clock.to_ms(change) if change is not None else now + lanes.FAR_MS
    return queue.open


def _opens(queue: Queue, at: int) -> bool:
    """Whether the queue has its opening hours at a moment to come."""
    calendar = queue.settings.hours
    return calendar is None or calendar.is_open(clock.from_ms(at))


def unstaffed_for_long(queue: Queue, now: int) -> bool:
    after = queue.settings.no_agents_after_ms
    return after is not None and now >= queue.unstaffed_since + after


def ever_qualified(floor: Floor, contact: Contact, queue: Queue) -> bool:
    """Whether anybody, signed in or not, meets what is required now or after some step of relaxation. A queue
    to which nobody is assigned yet leaves that open, but for skills."""
    if contact.channel is Channel.VOICE and not contact.skills and not contact.excluded:
        return True
    lane = queue.lanes.get((contact.channel, contact.skills, contact.excluded))
    if lane is not None and lane.pools and not contact.excluded:
        return True
    assigned = [profile for profile in floor.profiles.values() if queue.settings.name in profile.tiers]
    if not assigned and not contact.skills:
        return True
    return any(_could_serve(profile, contact, queue) for profile in assigned)


def _could_serve(profile: Profile, contact: Contact, queue: Queue) -> bool:
    if not profile.channels >> contact.channel & 1:
        return False
    wanted = [contact.skills, *(step.skills for step in steps_in(queue, contact))]
    able = any(qualifies(profile.skills, skills) for skills in wanted)
    return able and any(agent.settings.agent_id not in contact.excluded for agent in profile.members)


def steps_in(queue: Queue, contact: Contact) -> tuple[Step, ...]:
    """How the contact's requirements relax in this queue: its own steps, or the queue's. Those make each
    level so much lower, but keep the skill; where the queue has none, those it came with go on."""
    if not contact.eased_by_queue or not queue.settings.relax:
        return contact.steps
    return tuple(Step(ease.after_ms, _eased(contact.skills, ease.by)) for ease in queue.settings.relax)


def _ease_anew(floor: Floor, contact: Contact, settings: QueueSettings, now: int) -> None:
    """The queue's steps have changed under a contact that follows them: those that are due by the new ones
    are taken at once, but what was eased already is not asked for again."""
    level, steps = contact.skills, []
    for ease in settings.relax:
        present = dict(level)
        eased = ((name, wanted) for name, wanted in _eased(contact.asked, ease.by) if name in present)
        lower = tuple((name, min(wanted, present[name])) for name, wanted in eased)
        if lower != level:
            steps.append(Step(ease.after_ms, lower))
            level = lower
    contact.steps, contact.relax_at = tuple(steps), 0
    if steps:
        contact.relax_at = max(contact.enqueued_at + steps[0].after_ms, now)
        set_timer(floor, contact.relax_at, Alarm.RELAX, contact)


def _eased(skills: Skills, by: int) -> Skills:
    return tuple((name, max(level - by, 1)) for name, level in skills) if by else ()


# ---------------------------------------------------------------- nobody is there any more


def watch_for_nobody(floor: Floor, queue: Queue) -> None:
    """The queue has no agent: after so long its contacts go elsewhere."""
    after = queue.settings.no_agents_after_ms
    if after is not None and queue.waiting:
        set_timer(floor, queue.unstaffed_since + after, Alarm.NO_AGENTS, queue)


def standing_in(queue: Queue) -> list[Contact]:
    """Contacts of this queue that wait in lanes, the first of each lane first; so many at most. Callbacks
    wait for an agent as long as their window lasts, since nobody hears the music."""
    found: list[Contact] = []
    for lane in queue.lanes.values():
        for contact in lane.waiting:
            if len(found) == EXPELLED_AT_ONCE:
                return found
            if contact.state is ContactState.QUEUED and not contact.to_dial:
                found.append(contact)
    return found
