"""Callbacks asked for, cancelled, and known again after a restart.

A caller who asks to be called back leaves the queue, and a contact of its own takes the place: same lane,
same wait so far. So nothing about order, skills or explanations is different for it.
"""

from __future__ import annotations

from dataclasses import replace

from services.acd.domain import Channel, ContactState, LeftQueue, Outcome
from services.acd.engine import queues
from services.acd.engine.commands import CallbackRequested, Command
from services.acd.engine.contacts import WAITING, end, enter, open_contact, opening, queue_of
from services.acd.engine.dialling import plan_of
from services.acd.engine.floor import NOBODY, Alarm, Callback, Contact, Floor, Queue, Stage
from services.acd.engine.stimuli import CancelCallback, RequestCallback, RestoreCallback
from services.acd.engine.timers import set_timer
from services.acd.engine.waiting import join, take_out
from services.chassis import clock
from services.chassis.errors import Conflict, Full, Invalid, NotFound


def request(floor: Floor, stimulus: RequestCallback, now: int, out: list[Command]) -> None:
    """Somebody is to be called back. Asked again, or for a number that the queue will call anyway, nothing
    new is made: `find` gives what there is.

    Raises NotFound, Invalid, Conflict or Full; then nothing has changed.
    """
    if stimulus.contact_id in floor.contacts:
        return
    caller = _caller(floor, stimulus)
    queue = _queue(floor, stimulus, caller)
    known = floor.called.get((queue.name, stimulus.number))
    if known is not None and stimulus.caller is None:
        when = f"cancel {known.id} first, or wait until it is over"
        raise Conflict(f"{stimulus.number} is to be called back by queue {queue.name} already: {when}.")
    contact = known or _made(floor, stimulus, caller, queue, now)
    if stimulus.caller is not None:
        caller = open_contact(floor, stimulus.caller, now, out)
        if caller.state in WAITING:
            take_out(floor, caller, LeftQueue.CALLBACK, now, out)
        caller.callback_id = contact.id
    if known is None:
        _begin(floor, contact, queue, now, out)


def find(floor: Floor, stimulus: RequestCallback) -> Contact:
    """The callback that a request came to. Raises NotFound."""
    caller = floor.contacts.get(stimulus.caller.contact_id) if stimulus.caller is not None else None
    which = caller.callback_id if caller is not None and caller.callback_id else stimulus.contact_id
    contact = floor.contacts.get(which)
    if contact is None:
        raise NotFound("callback", which)
    return contact


def open_in(floor: Floor, queue: str) -> list[Contact]:
    """Open callbacks of a queue, or of all, those first that are due first, then by place."""
    found = [each for each in floor.callbacks.values() if not queue or queue_of(each).name == queue]
    return sorted(found, key=lambda each: (each.paused_until, each.order))


def _caller(floor: Floor, stimulus: RequestCallback) -> Contact | None:
    """The contact that asks, where it is known. Raises Conflict for one that has been served, or is gone."""
    caller = floor.contacts.get(stimulus.caller.contact_id) if stimulus.caller is not None else None
    if caller is None:
        return None
    if caller.state is ContactState.ENDED:
        raise Conflict("The contact has ended.")
    if caller.callback is not None:
        raise Conflict("The contact is a callback itself.")
    picked_up = caller.offer is not None and caller.offer.stage is not Stage.RINGING
    if caller.state is ContactState.CONNECTED or picked_up:
        raise Conflict("An agent has already answered.")
    return caller


def _queue(floor: Floor, stimulus: RequestCallback, caller: Contact | None) -> Queue:
    waits = caller.queue if caller is not None and caller.state in WAITING else None
    queue = waits or floor.queues.get(stimulus.queue)
    if queue is None:
        raise NotFound("queue", stimulus.queue, field="queue")
    return queue


def _made(floor: Floor, stimulus: RequestCallback, caller: Contact | None, queue: Queue, now: int) -> Contact:
    """The contact to come. Raises Full and Invalid."""
    if len(floor.callbacks) >= floor.policy.callbacks_max:
        raise Full(f"{len(floor.callbacks)} callbacks are open: no more are taken until some are done.")
    contact = _contact(stimulus, queue, now)
    if caller is not None:
        _inherit(contact, caller)
    contact.preferred = contact.preferred or floor.agents.get(stimulus.preferred)
    _check_window(queue, contact, now)
    if not queues.ever_qualified(floor, contact, queue):
        raise Invalid("skills", f"nobody in queue {queue.name} has them: ask for less")
    return contact


def _contact(stimulus: RequestCallback, queue: Queue, now: int) -> Contact:
    settings = queue.settings
    not_after = stimulus.not_after or max(stimulus.not_before, now) + settings.callback_window_ms
    plan = Callback(
        stimulus.number,
        settings.name,
        stimulus.mode or settings.callback_mode,
        stimulus.caller.contact_id if stimulus.caller is not None else "",
        now,
        stimulus.not_before,
        not_after,
        stimulus.attempts or settings.callback_attempts,
        settings.callback_retry_ms,
        settings.callback_ring_ms,
        stimulus.by,
        stimulus.note,
    )
    booked = stimulus.not_before > now
    return Contact(
        stimulus.contact_id,
        Channel.VOICE,
        from_number=stimulus.number,
        to_number=stimulus.to_number,
        customer_id=stimulus.customer_id,
        opened_at=now,
        queue=queue,
        priority=stimulus.priority,
        enqueued_at=max(min(stimulus.enqueued_at, now) or now, stimulus.not_before),
        booked_at=stimulus.not_before if booked else 0,
        skills=stimulus.skills,
        eased_by_queue=bool(stimulus.skills),
        excluded=frozenset(stimulus.excluded) if stimulus.excluded else NOBODY,
        data=stimulus.data,
        callback=plan,
    )


def _inherit(contact: Contact, caller: Contact) -> None:
    """The place, and what was asked of an agent; of one that never was in a queue, nothing."""
    if caller.queue is None and caller.declined is None:
        return
    if caller.enqueued_at and not contact.booked_at:
        contact.enqueued_at, contact.booked_at = caller.enqueued_at, caller.booked_at
    contact.priority = caller.priority
    contact.skills, contact.steps, contact.relaxed = caller.skills, caller.steps, caller.relaxed
    contact.eased_by_queue, contact.excluded = caller.eased_by_queue, caller.excluded
    contact.preferred, contact.prefer_until = caller.preferred, caller.prefer_until
    contact.rule = caller.rule
    contact.customer_id = contact.customer_id or caller.customer_id
    contact.to_number = contact.to_number or caller.to_number
    contact.data = contact.data or dict(caller.data)


def _check_window(queue: Queue, contact: Contact, now: int) -> None:
    """Some of the window must be to come, and in the queue's hours."""
    plan, calendar = plan_of(contact), queue.settings.hours
    begins = max(plan.not_before, now)
    if plan.not_after <= begins:
        raise Invalid("not_after", "leaves no time to call: give a later one")
    if calendar is None or calendar.is_open(clock.from_ms(begins)):
        return
    opens = calendar.next_change(clock.from_ms(begins))
    if opens is None or clock.to_ms(opens) >= plan.not_after:
        raise Invalid("not_after", f"queue {queue.name} is closed all that time: give another window")


def _begin(floor: Floor, contact: Contact, queue: Queue, now: int, out: list[Command]) -> None:
    plan = plan_of(contact)
    _know(floor, contact, queue)
    out.append(opening(contact))
    out.append(
        CallbackRequested(
            contact.id,
            plan.callback_of,
            plan.number,
            queue.name,
            plan.mode,
            plan.requested_at,
            contact.enqueued_at,
            plan.not_before,
            plan.not_after,
            plan.attempts_max,
            plan.by,
            plan.note,
            contact.priority,
            contact.skills,
            contact.preferred.id if contact.preferred is not None else "",
            tuple(sorted(contact.excluded)),
            contact.to_number,
            contact.customer_id,
            dict(contact.data),
        )
    )
    join(floor, contact, queue, now, out, "")


def _know(floor: Floor, contact: Contact, queue: Queue) -> None:
    enter(floor, contact)
    floor.callbacks[contact.id] = contact
    floor.called[queue.name, plan_of(contact).number] = contact
    queue.callbacks += 1


# ---------------------------------------------------------------- taken back


def cancel(floor: Floor, stimulus: CancelCallback, now: int, out: list[Command]) -> None:
    """Nobody is to be called. Raises NotFound, and Conflict for who is being called or talks already."""
    known = floor.contacts.get(stimulus.contact_id)
    if known is None or known.callback is None:
        raise NotFound("callback", stimulus.contact_id)
    if known.outcome is Outcome.CANCELLED:
        return
    if known.state not in WAITING:
        raise Conflict("The callback is over, or they talk already.")
    if known.callback.dialled or known.call_id:
        raise Conflict("The customer is being called at this moment: it can be cancelled if nobody answers.")
    take_out(floor, known, LeftQueue.CANCELLED, now, out)
    end(floor, known, Outcome.CANCELLED, now, stimulus.by, now, out)


# ---------------------------------------------------------------- after a restart


def restore(floor: Floor, stimulus: RestoreCallback, now: int, out: list[Command]) -> None:
    """A callback as it was stored. Who has spoken is not called again: the switch says if they still talk."""
    asked = stimulus.request
    queue = floor.queues.get(asked.queue)
    if queue is None:
        raise NotFound("queue", asked.queue)
    if asked.contact_id in floor.contacts or (queue.name, asked.number) in floor.called:
        return
    contact = _contact(asked, queue, stimulus.requested_at)
    contact.callback = replace(plan_of(contact), attempts=stimulus.attempts_made)
    contact.preferred = floor.agents.get(asked.preferred)
    contact.prefer_until = now + queue.settings.last_agent_wait_ms
    _know(floor, contact, queue)
    caller = floor.contacts.get(plan_of(contact).callback_of)
    if caller is not None and caller.callback is None:  # on the line still, or gone and to be judged
        caller.callback_id = contact.id
    if not stimulus.answered_at:
        join(floor, contact, queue, now, out, "", not_before=stimulus.next_at)
        return
    contact.answered_at = stimulus.answered_at
    contact.grace_until = now + floor.policy.node_lost_ms
    set_timer(floor, contact.grace_until, Alarm.GRACE, contact)


def state_of(contact: Contact) -> str:
    """For who looks at a list: as `Callback.state` in the proto."""
    plan = plan_of(contact)
    if contact.state in WAITING and (plan.dialled or contact.call_id):
        return "dialling" if plan.dialled else "on_the_line"
    if contact.state is ContactState.QUEUED:
        return "booked" if contact.paused_until else "waiting"
    over = {ContactState.OPEN: "connected", ContactState.RELEASED: "connected"}
    return over.get(contact.state, contact.state.value)
