"""Waiting: into the queue, on to another, out of it."""

from __future__ import annotations

from services.acd.domain import (
    CONTACT,
    ContactMove,
    ContactState,
    LeftQueue,
    OfferFailure,
    Outcome,
    OverflowAction,
)
from services.acd.engine import calling, dialling, forecasts, matching, queues
from services.acd.engine.commands import Command, ContactLeftQueue, ContactQueued
from services.acd.engine.contacts import WAITING, cut_off, end, leave, new_contact, open_contact, queue_of
from services.acd.engine.floor import NOBODY, Alarm, Contact, Floor, Queue, Stage
from services.acd.engine.lanes import lane_of
from services.acd.engine.offers import call_off_all, known_as
from services.acd.engine.pairing import ring_more, seek, step_out
from services.acd.engine.stimuli import Enqueue, Overflow, Withdraw
from services.acd.engine.timers import set_timer
from services.chassis.errors import Conflict, Full, NotFound


def enqueue(floor: Floor, stimulus: Enqueue, now: int, out: list[Command]) -> None:
    """Puts a contact in a queue; asked again, it only learns who holds the caller now.

    What no queue can take is declined: `contact.declined` says why and where to. Raises Full where a full
    queue leaves that to the flow.
    """
    wanted = floor.queues.get(stimulus.queue)
    if wanted is None:
        raise NotFound("queue", stimulus.queue, field="queue")
    known = floor.contacts.get(stimulus.arrival.contact_id)
    if known is not None and _asked_again(known, stimulus, wanted):
        return
    asking = new_contact(stimulus.arrival, now)
    _wish(asking, stimulus)
    queue, reason, overflow = queues.admit(floor, asking, wanted, now)
    full = reason is LeftQueue.FULL and wanted.waiting >= wanted.settings.max_length
    if queue is None and full and not overflow.action:
        raise Full(f"Queue {wanted.name} is full: {wanted.waiting} wait in it.")
    contact = open_contact(floor, stimulus.arrival, now, out, asking)
    if contact is not asking:
        _wish(contact, stimulus)
    if queue is None:
        _decline(contact, wanted, reason, overflow, now, out)
        return
    contact.enqueued_at = max(min(stimulus.enqueued_at, now) or now, stimulus.booked_at)
    contact.holder, contact.after_bridge = stimulus.holder, stimulus.after_bridge
    contact.data = stimulus.data
    contact.declined, contact.hops = None, 0
    if contact.callback_id:
        _waits_after_all(floor, contact, now, out)
    _prefer(floor, contact, stimulus, queue, now)
    join(floor, contact, queue, now, out, "" if queue is wanted else wanted.name)


def _waits_after_all(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    """Who was to be called back waits again: not both."""
    callback = floor.callbacks.get(contact.callback_id)
    contact.callback_id = ""
    if callback is None or callback.callback is None or callback.callback.callback_of != contact.id:
        return
    if callback.to_dial and not callback.callback.dialled and callback.state in WAITING:
        take_out(floor, callback, LeftQueue.CANCELLED, now, out)
        end(floor, callback, Outcome.CANCELLED, now, "", now, out)


def _asked_again(known: Contact, stimulus: Enqueue, wanted: Queue) -> bool:
    """Whether the request changes nothing but the holder. Raises Conflict."""
    if known.callback is not None:
        raise Conflict("The contact is a callback, which nobody holds.")
    if known.state is ContactState.ENDED or known.gone_at:
        raise Conflict("The contact has ended.")
    if known.state in WAITING and known.queue is not wanted and wanted.name not in known.came_by:
        raise Conflict(f"The contact waits in queue {queue_of(known).name}: withdraw it first.")
    if known.state in WAITING or _already_answered(known, stimulus.enqueued_at):
        known.holder = stimulus.holder
        return True
    return False


def _already_answered(contact: Contact, enqueued_at: int) -> bool:
    if contact.state is ContactState.CONNECTED:
        return True
    return bool(enqueued_at) and enqueued_at < contact.answered_at


def _wish(contact: Contact, stimulus: Enqueue) -> None:
    """What the contact asks of an agent, now and after each step of relaxation."""
    contact.priority, contact.booked_at = stimulus.priority, stimulus.booked_at
    contact.skills = stimulus.skills
    contact.excluded = frozenset(stimulus.excluded) if stimulus.excluded else NOBODY
    contact.relaxed = 0
    relaxes = bool(stimulus.skills) and not stimulus.never_relax
    contact.steps = stimulus.relax if relaxes else ()
    contact.eased_by_queue = relaxes and not stimulus.relax


def _prefer(floor: Floor, contact: Contact, stimulus: Enqueue, queue: Queue, now: int) -> None:
    """Whom to ask first: the agent named, else who served this caller last, where the queue wants that."""
    contact.preferred, contact.prefer_until = None, 0
    settings, since = queue.settings, max(now, contact.booked_at)
    if stimulus.preferred:  # who is not known, having left, is as one who is not signed in
        contact.preferred, contact.rule = floor.agents.get(stimulus.preferred), "preferred"
        contact.prefer_until = since + (stimulus.prefer_ms or settings.last_agent_wait_ms or 1)
    elif stimulus.prefer_ms or settings.last_agent_wait_ms:
        agent_id, at = floor.last_agents.get(known_as(contact), ("", 0))
        agent = floor.agents.get(agent_id)
        recent = now - at <= settings.last_agent_memory_ms
        if agent is not None and recent and queue.name in agent.profile.tiers:
            contact.preferred, contact.rule = agent, "last_agent"
            contact.prefer_until = since + (stimulus.prefer_ms or settings.last_agent_wait_ms)
    if contact.preferred is not None and contact.preferred.id in contact.excluded:
        contact.preferred = None


def join(
    floor: Floor,
    contact: Contact,
    queue: Queue,
    now: int,
    out: list[Command],
    overflowed_from: str,
    *,
    not_before: int = 0,
) -> None:
    """The contact waits in `queue` from now on, with the wait that it has served already; not offered before
    `not_before`, or before it is booked for."""
    settings = queue.settings
    contact.state = CONTACT[contact.state][ContactMove.ENQUEUE]
    contact.queue = queue
    contact.joined_at = max(contact.enqueued_at, now) if overflowed_from else contact.enqueued_at
    contact.came_by = (*contact.came_by, overflowed_from) if overflowed_from else ()
    matching.place_in_line(floor, contact, settings)
    contact.parted = cut_off(floor, contact)
    queues.bound_wait(floor, contact, settings, now)
    due = max(contact.booked_at, not_before)
    contact.early = due > now
    if contact.early:
        contact.paused_until = due
        set_timer(floor, contact.paused_until, Alarm.RESUME, contact, contact.order)
    else:
        _count_in(queue, contact)
    contact.asked = contact.skills
    contact.steps = queues.steps_in(queue, contact)
    if contact.steps:
        _ease(floor, contact, now)
    lane = lane_of(floor, contact, queue)
    position, expected = forecasts.foretell(floor, contact, queue, lane, now)
    out.append(
        ContactQueued(
            contact.id,
            settings.name,
            contact.priority,
            contact.enqueued_at,
            position,
            expected,
            overflowed_from,
        )
    )
    seek(floor, contact, now, out)


def _count_in(queue: Queue, contact: Contact) -> None:
    """Callbacks are counted for themselves: their caller has entered once already, or nobody has."""
    queue.waiting += 1
    queue.entered += contact.callback is None


def _decline(
    contact: Contact,
    queue: Queue,
    reason: LeftQueue,
    overflow: Overflow,
    now: int,
    out: list[Command],
) -> None:
    contact.declined = (reason, overflow)
    queue.overflowed += 1
    out.append(ContactLeftQueue(contact.id, queue.name, 0, reason, now, overflow))


# ---------------------------------------------------------------- requirements that relax


def _ease(floor: Floor, contact: Contact, now: int) -> None:
    """Takes the steps that are due and sets the timer for the next."""
    began = contact.enqueued_at
    while contact.steps and began + contact.steps[0].after_ms <= now:
        contact.skills = contact.steps[0].skills
        contact.steps = contact.steps[1:]
        contact.relaxed += 1
    contact.relax_at = began + contact.steps[0].after_ms if contact.steps else 0
    if contact.relax_at:
        set_timer(floor, contact.relax_at, Alarm.RELAX, contact)


def relax(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    """Less is required from now on: more agents qualify, one of them may be idle."""
    contact.relax_at = 0
    if contact.state not in WAITING:
        return
    _ease(floor, contact, now)
    if contact.standing is not None and contact.standing.queue is not None:
        step_out(contact)
        seek(floor, contact, now, out)
    elif contact.offer is not None:
        ring_more(floor, contact, now, out)


# ---------------------------------------------------------------- out of the queue


def withdraw(floor: Floor, stimulus: Withdraw, now: int, out: list[Command]) -> None:
    """The caller chose something else while waiting."""
    contact = floor.contacts.get(stimulus.contact_id)
    if contact is None:
        raise NotFound("contact", stimulus.contact_id)
    if contact.callback is not None:
        raise Conflict("The contact is a callback: cancel it instead.")
    picked_up = contact.offer is not None and contact.offer.stage is not Stage.RINGING
    if contact.state is ContactState.CONNECTED or picked_up:
        raise Conflict("An agent has already answered.")
    if contact.state in WAITING:
        take_out(floor, contact, LeftQueue.WITHDRAWN, now, out)


def take_out(floor: Floor, contact: Contact, reason: LeftQueue, now: int, out: list[Command]) -> None:
    """Takes a waiting contact out of its queue; agents who are rung for it are let go."""
    step_out(contact)
    call_off_all(floor, contact, OfferFailure.CALLER_GONE, now, out)
    leave(floor, contact, reason, now, out)


def waited_long_enough(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    """A phone that rings may finish; when it is refused there is no further one."""
    if contact.state is not ContactState.QUEUED:
        return
    if contact.callback is not None:
        calling.time_is_up(floor, contact, now, out)
    else:
        overflow(floor, contact, LeftQueue.MAX_WAIT, now, out)


def overflow(floor: Floor, contact: Contact, reason: LeftQueue, now: int, out: list[Command]) -> None:
    """The queue cannot keep a contact that waits in it: to another one, the wait counting there, or to the
    flow with the reason and what is to be done."""
    queue = queue_of(contact)
    wanted: Overflow = getattr(queue.settings, queues.OVERFLOWS[reason])
    step_out(contact)
    call_off_all(floor, contact, OfferFailure.CALLER_GONE, now, out)
    following = floor.queues.get(wanted.target) if wanted.action is OverflowAction.QUEUE else None
    taken: Queue | None = None
    if following is not None:
        taken, _, wanted = queues.admit(floor, contact, following, now, contact.hops)
    if taken is None:
        leave(floor, contact, reason, now, out, wanted)
        return
    contact.hops += 1
    leave(floor, contact, reason, now, out, Overflow(OverflowAction.QUEUE, taken.name))
    join(floor, contact, taken, now, out, queue.name)


def nobody_there(floor: Floor, queue: Queue, now: int, out: list[Command]) -> None:
    """No agent has been staffed for too long: those who wait go elsewhere, a good many at a time."""
    leaving = queues.standing_in(queue)
    for contact in leaving:
        if contact.callback is not None:  # on the line, and no flow to go on in
            calling.time_is_up(floor, contact, now, out)
        else:
            overflow(floor, contact, LeftQueue.NO_AGENTS, now, out)
    if len(leaving) == queues.EXPELLED_AT_ONCE:
        set_timer(floor, now + 1, Alarm.NO_AGENTS, queue)


def resume(floor: Floor, contact: Contact, now: int, out: list[Command]) -> None:
    """After trouble with its switch a contact is offered again, from its place; or it is due as booked."""
    contact.paused_until = 0
    if contact.early:
        contact.early = False
        _count_in(queue_of(contact), contact)
    if contact.to_dial and dialling.used_up(contact):
        dialling.out_of_time(floor, contact, now, out)
    elif contact.state is ContactState.QUEUED:
        seek(floor, contact, now, out)
