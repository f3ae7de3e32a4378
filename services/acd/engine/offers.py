"""From ringing to the end of a conversation: what the agent's leg says, and what follows from it.

The agent's leg may speak late, twice or not at all. Each word is taken only in the stage it fits; a word
about an offer that is over only ever leads to the leg being ended. Offers of contacts without a call have no
leg: the agent's own word stands for it.
"""

from __future__ import annotations

from services.acd.domain import (
    CONTACT,
    MISSES,
    AttemptResult,
    Channel,
    ContactMove,
    OfferFailure,
    Party,
    Routing,
    RoutingMove,
    failure_of,
)
from services.acd.engine import dialling, forecasts, hands, queues
from services.acd.engine.agents import begin_wrap_up, staff
from services.acd.engine.commands import (
    Bridge,
    Comfort,
    Command,
    ContactAnswered,
    ContactHeld,
    ContactOfferFailed,
    ContactReleased,
    ContactRetrieved,
    Kill,
    Mended,
)
from services.acd.engine.contacts import cut_off
from services.acd.engine.floor import Agent, Alarm, Contact, Floor, Offer, Queue, Stage
from services.acd.engine.matching import to_the_front
from services.acd.engine.pairing import nobody_waits_for, ring_more, seek, settle
from services.acd.engine.timers import set_timer

# Weight of a new conversation in a queue's average handling time: 1/16, some half an hour's memory in a
# small team.
HANDLING_WEIGHT = 16
MOST_DOUBLINGS = 5


# ---------------------------------------------------------------- ringing


def answered(floor: Floor, offer_id: str, now: int, out: list[Command]) -> None:
    """The agent picked up: bridge, or end the leg where it is no longer wanted."""
    offer = floor.offers.get(offer_id)
    if offer is None or not offer.leg:
        return
    if offer.stage is Stage.CLOSING:
        out.append(Kill(offer.node, offer.id, "ORIGINATOR_CANCEL"))
    if offer.stage is not Stage.RINGING:
        return
    contact = offer.contact
    _win(floor, offer, now, out)
    if contact.to_dial:
        _call_customer(floor, offer, now, out)
        return
    offer.stage = Stage.BRIDGING
    out.append(Bridge(offer.node, contact.call_id, offer.id, offer.agent.id, contact.after_bridge))
    set_timer(floor, now + floor.policy.bridge_timeout_ms, Alarm.BRIDGE, offer)


def _call_customer(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """Agent first: who is to be called back is called now, unless their time ran out while the phone rang."""
    late = now >= dialling.plan_of(offer.contact).not_after
    if late or not queues.is_open(offer.queue, now):
        close_leg(floor, offer, "NORMAL_CLEARING", now, out)
        fail(floor, offer, OfferFailure.CUSTOMER_UNREACHED, "NORMAL_CLEARING", now, out)
        return
    if cut_off(floor, offer.contact):
        close_leg(floor, offer, "NORMAL_CLEARING", now, out)
        fail(floor, offer, OfferFailure.SWITCH_ERROR, "NETWORK_OUT_OF_ORDER", now, out)
        return
    dialling.dial(floor, offer, now, out)
    out.append(Comfort(offer.node, offer.id))


def _win(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """Of several agents who were rung this one was the fastest."""
    contact = offer.contact
    if contact.lane is not None:
        contact.lane.thin.pop(contact, None)
    if contact.rivals is None:
        return
    everybody = [contact.offer, *contact.rivals]
    contact.offer, contact.rivals = offer, None
    for rival in everybody:
        if rival is not None and rival is not offer:
            close_leg(floor, rival, "LOSE_RACE", now, out)
            _failed(floor, rival, OfferFailure.ANSWERED_ELSEWHERE, "LOSE_RACE", now, out)


def ring_timed_out(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    close_leg(floor, offer, "NO_ANSWER", now, out)
    fail(floor, offer, OfferFailure.RING_TIMEOUT, "NO_ANSWER", now, out)


def ring_failed(floor: Floor, offer_id: str, cause: str, now: int, out: list[Command]) -> None:
    """The switch did not take the command: no leg, and no fault of the agent's."""
    offer = floor.offers.get(offer_id)
    if offer is None or offer.stage in (Stage.DIALLING, Stage.BRIDGING, Stage.TALKING):
        return  # it did ring: the word is about something else
    ringing = offer.stage is Stage.RINGING
    forget_leg(floor, offer)
    if ringing:
        fail(floor, offer, OfferFailure.SWITCH_ERROR, cause, now, out)
    settle(floor, offer.agent, now, out)


def bridge_failed(floor: Floor, offer_id: str, cause: str, now: int, out: list[Command]) -> None:
    """The two could not be put together: the agent's leg goes, the contact keeps its place."""
    offer = floor.offers.get(offer_id)
    if offer is not None and offer.stage is Stage.BRIDGING:
        close_leg(floor, offer, "NORMAL_CLEARING", now, out)
        fail(floor, offer, OfferFailure.SWITCH_ERROR, cause, now, out)


def fail(floor: Floor, offer: Offer, failure: OfferFailure, cause: str, now: int, out: list[Command]) -> None:
    """The offer ends without a conversation. The contact goes on to the next agent at once, before others,
    and before those who waited for the agent if they are set aside now."""
    _fail(floor, offer, failure, cause, now, out)
    if offer.agent.aside:
        nobody_waits_for(floor, offer.agent, now, out)


def _fail(
    floor: Floor, offer: Offer, failure: OfferFailure, cause: str, now: int, out: list[Command]
) -> None:
    contact = offer.contact
    if _still_rings_elsewhere(contact, offer):
        trouble = failure is OfferFailure.SWITCH_ERROR
        if trouble and contact.lane is not None:
            contact.lane.thin.pop(contact, None)  # a switch that refuses is not asked again at once
        _failed(floor, offer, failure, cause, now, out)
        if not trouble:
            ring_more(floor, contact, now, out)
        return
    _undo(floor, offer, failure, cause, now, out)
    if contact.leave_at and contact.leave_at <= now:
        contact.leave_at = now  # not in its lane any more, so nobody takes it before the timer does
        set_timer(floor, now, Alarm.LEAVE, contact)
        return
    if failure is OfferFailure.SWITCH_ERROR:
        contact.paused_until = now + _pause_ms(floor, contact)
        set_timer(floor, contact.paused_until, Alarm.RESUME, contact, contact.order)
    elif failure in MISSES:
        to_the_front(contact)
    if contact.preferred is offer.agent and failure in MISSES:
        contact.preferred = None  # asked, and did not take it
    contact.parted = cut_off(floor, contact)
    seek(floor, contact, now, out)


def _still_rings_elsewhere(contact: Contact, offer: Offer) -> bool:
    """Whether others are rung for the contact as well; then they are all that is left of its offers."""
    if not contact.rivals:
        return False
    rest = [each for each in (contact.offer, *contact.rivals) if each is not None and each is not offer]
    contact.offer, contact.rivals = rest[0], rest[1:] or None
    return True


def _pause_ms(floor: Floor, contact: Contact) -> int:
    """Twice as long after each trouble in a row: a switch that refuses everything is not flooded."""
    contact.troubles += 1
    return floor.policy.switch_pause_ms << min(contact.troubles - 1, MOST_DOUBLINGS)


def _undo(
    floor: Floor, offer: Offer, failure: OfferFailure, cause: str, now: int, out: list[Command]
) -> None:
    """The contact waits again; the caller of this sees to where."""
    contact = offer.contact
    contact.state = CONTACT[contact.state][ContactMove.REFUSE]
    contact.offer = None
    if contact.lane is not None:
        contact.lane.thin.pop(contact, None)
    if contact.callback is not None and not contact.callback.dialled:
        dialling.give_line_back(floor, contact)
    _failed(floor, offer, failure, cause, now, out)


def _failed(
    floor: Floor, offer: Offer, failure: OfferFailure, cause: str, now: int, out: list[Command]
) -> None:
    """The offer is out of the agent's hands, and what that says about the agent."""
    agent = offer.agent
    out.append(
        ContactOfferFailed(offer.contact.id, offer.id, agent.id, failure, now - offer.offered_at, now, cause)
    )
    hands.change(offer, RoutingMove.REFUSE, now)
    if failure in MISSES:
        agent.misses += 1
        agent.idle_since = now
        if agent.misses >= floor.policy.misses_before_aside:
            staff(floor, agent, False, now)
            agent.aside = True
        else:
            agent.rest_until = now + floor.policy.rest_ms
            set_timer(floor, agent.rest_until, Alarm.REST, agent)
    hands.announce(floor, agent, now, out, about=offer)
    drop_if_over(floor, offer)
    settle(floor, agent, now, out)  # the phone is not free yet, but for other channels there may be room


def drop_if_over(floor: Floor, offer: Offer) -> None:
    """Nobody works on it, and its leg is gone: it is history."""
    if offer.work is Routing.IDLE and (not offer.leg or offer.agent.offer is not offer):
        floor.offers.pop(offer.id, None)


# ---------------------------------------------------------------- conversation


def bridged(floor: Floor, offer_id: str, now: int, out: list[Command]) -> None:
    """Caller and agent hear each other."""
    offer = floor.offers.get(offer_id)
    if offer is None or offer.stage not in (Stage.RINGING, Stage.BRIDGING) or offer.contact.to_dial:
        return  # over, told twice, or bridged with somebody else: the customer is not on the line yet
    offer.stage = Stage.TALKING
    contact, queue = offer.contact, offer.queue
    waited = now - contact.enqueued_at
    _win(floor, offer, now, out)
    if contact.callback is None:
        _count_answer(queue, waited)
        forecasts.judge(queue, contact, now)
    else:  # of another kind: it would make a service level of hours
        queue.waiting -= 1
    connect(contact, offer.agent, waited, now)
    _remember(floor, contact, offer.agent, now)
    out.append(ContactAnswered(contact.id, offer.id, offer.agent.id, queue.settings.name, waited, now))
    hands.move(floor, offer, RoutingMove.CONNECT, now, out)
    if offer.agent.standing:  # with room for more: one more contact of the day changes their place
        hands.stand(floor, offer.agent, hands.room(offer.agent))


def _count_answer(queue: Queue, waited: int) -> None:
    queue.waiting -= 1
    queue.answered += 1
    queue.wait_answered_ms += waited
    if waited <= queue.settings.service_level_ms:
        queue.answered_in_time += 1


def _remember(floor: Floor, contact: Contact, agent: Agent, now: int) -> None:
    """Who served this caller last, so that they can be asked first next time."""
    caller = known_as(contact)
    if not caller:
        return
    last = floor.last_agents
    last[caller] = (agent.settings.agent_id, now)
    last.move_to_end(caller)
    if len(last) > floor.policy.last_agents_max:
        last.popitem(last=False)


def known_as(contact: Contact) -> str:
    """Whom a caller is remembered as; empty: nobody. A number that is withheld comes as a word, and would
    make one caller of all who withhold theirs."""
    number = contact.from_number
    withheld = contact.channel is Channel.VOICE and not any(char.isdigit() for char in number)
    return contact.customer_id or ("" if withheld else number)


def connect(contact: Contact, agent: Agent, waited: int, now: int) -> None:
    """The contact's side of a conversation that begins."""
    contact.state = CONTACT[contact.state][ContactMove.ANSWER]
    contact.agent = agent
    contact.answered_at = now
    contact.waited_ms += waited
    contact.leave_at = contact.held_since = contact.segment_hold_ms = 0
    contact.form_seen = False
    contact.troubles = 0
    contact.preferred = None
    contact.relax_at = 0
    agent.misses = 0
    agent.contacts += 1


def held(floor: Floor, offer_id: str, now: int, out: list[Command]) -> None:
    offer = floor.offers.get(offer_id)
    if offer is not None and offer.stage is Stage.TALKING and not offer.contact.held_since:
        offer.contact.held_since = now
        out.append(ContactHeld(offer.contact.id, offer.agent.id, now))


def retrieved(floor: Floor, offer_id: str, now: int, out: list[Command]) -> None:
    offer = floor.offers.get(offer_id)
    if offer is not None and offer.stage is Stage.TALKING and offer.contact.held_since:
        _end_hold(offer.contact, now)
        out.append(ContactRetrieved(offer.contact.id, offer.agent.id, now))


def _end_hold(contact: Contact, now: int) -> None:
    if contact.held_since:
        contact.segment_hold_ms += now - contact.held_since
        contact.held_since = 0


def release(
    floor: Floor, offer: Offer, party: Party, now: int, out: list[Command], *, leg_there: bool
) -> None:
    """The conversation is over; the agent's work after it begins."""
    contact, queue = offer.contact, offer.queue
    _end_hold(contact, now)
    talk = now - contact.answered_at - contact.segment_hold_ms
    contact.talk_ms += talk
    contact.hold_ms += contact.segment_hold_ms
    contact.state = CONTACT[contact.state][ContactMove.RELEASE]
    contact.offer = None
    contact.released_at = now
    contact.wrap_up_ms = 0
    _learn(queue, now - contact.answered_at + queue.settings.wrap_up_ms)
    if leg_there and offer.leg:  # it ends with the bridge, by itself
        offer.stage = Stage.CLOSING
        _expect_gone(floor, offer, now)
    elif not offer.leg:
        offer.stage = Stage.CLOSING
    out.append(
        ContactReleased(
            contact.id,
            offer.id,
            offer.agent.id,
            queue.settings.name,
            talk,
            contact.segment_hold_ms,
            party,
            now,
        )
    )
    begin_wrap_up(floor, offer, queue.settings.wrap_up_ms, now, out)


def _learn(queue: Queue, took: int) -> None:
    if queue.handling_ms:
        queue.handling_ms += (took - queue.handling_ms) // HANDLING_WEIGHT
    else:
        queue.handling_ms = took


# ---------------------------------------------------------------- the leg's end


def close_leg(floor: Floor, offer: Offer, cause: str, now: int, out: list[Command]) -> None:
    """Ends a leg that is no longer wanted; the agent's phone is free when the switch says so."""
    offer.stage = Stage.CLOSING
    if offer.leg:
        ask_end(floor, offer, cause, now, out)
    elif offer.agent.offer is offer:  # kept free, and not rung yet
        offer.agent.offer = None


def ask_end(floor: Floor, offer: Offer, cause: str, now: int, out: list[Command]) -> None:
    """Asks for the leg's end; until it has come, the leg counts as what it is."""
    out.append(Kill(offer.node, offer.id, cause))
    _expect_gone(floor, offer, now)


def _expect_gone(floor: Floor, offer: Offer, now: int) -> None:
    offer.expected_gone_at = now + floor.policy.leg_gone_timeout_ms
    set_timer(floor, offer.expected_gone_at, Alarm.LEG_GONE, offer)


def forget_leg(floor: Floor, offer: Offer) -> None:
    """The leg is no more: the agent's phone is free."""
    offer.stage = Stage.CLOSING
    offer.expected_gone_at = 0
    if offer.agent.offer is offer:
        offer.agent.offer = None
    drop_if_over(floor, offer)


def leg_gone(
    floor: Floor, offer_id: str, cause: str, now: int, out: list[Command], *, by_switch: bool = False
) -> None:
    """The agent's leg ended; what that means depends on how far it had come."""
    offer = floor.offers.get(offer_id)
    if offer is None or not offer.leg or offer.agent.offer is not offer:
        return
    stage, asked = offer.stage, bool(offer.expected_gone_at)
    forget_leg(floor, offer)
    if stage is Stage.RINGING:
        fail(floor, offer, failure_of(cause), cause, now, out)
    elif stage is Stage.DIALLING:
        _agent_gone(floor, offer, OfferFailure.REJECTED, cause, now, out)
    elif stage is Stage.BRIDGING:
        failure = OfferFailure.SWITCH_ERROR if by_switch and not asked else OfferFailure.REJECTED
        fail(floor, offer, failure, cause, now, out)
    elif stage is Stage.TALKING:
        party = _not_the_agent(cause) if by_switch and not asked else Party.AGENT
        release(floor, offer, party, now, out, leg_there=False)
    settle(floor, offer.agent, now, out)


def _agent_gone(
    floor: Floor, offer: Offer, failure: OfferFailure, cause: str, now: int, out: list[Command]
) -> None:
    """The agent hung up while the customer was called: their phone may have rung, so it was an attempt."""
    contact = offer.contact
    dialling.stop_dialling(contact, out)
    _undo(floor, offer, failure, cause, now, out)
    dialling.attempt_failed(floor, contact, AttemptResult.AGENT_GONE, cause, now, out)
    if offer.agent.aside:
        nobody_waits_for(floor, offer.agent, now, out)


def _not_the_agent(cause: str) -> Party:
    """A switch ends the agent's leg first when the caller hangs up, and only then tells of the caller's."""
    return Party.CALLER if cause == "NORMAL_CLEARING" else Party.SYSTEM


def leg_silent(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """A leg that was to end never said so. Rather risk a busy phone than lose an agent for the day."""
    node = floor.nodes.get(offer.node)
    if node is not None and node.up:
        out.append(Mended("silent_leg", offer.id))
    leg_gone(floor, offer.id, "RECOVERY_ON_TIMER_EXPIRE", now, out)


# ---------------------------------------------------------------- called off


def call_off_all(floor: Floor, contact: Contact, failure: OfferFailure, now: int, out: list[Command]) -> None:
    """Ends all offers of a contact that goes elsewhere; it is left queued, out of its lane."""
    if contact.lane is not None:
        contact.lane.thin.pop(contact, None)  # or an agent let go would be rung for it again
    while (offer := contact.offer) is not None:
        close_leg(floor, offer, "ORIGINATOR_CANCEL", now, out)
        if _still_rings_elsewhere(contact, offer):
            _failed(floor, offer, failure, "ORIGINATOR_CANCEL", now, out)
        else:
            _undo(floor, offer, failure, "ORIGINATOR_CANCEL", now, out)


def call_back(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """Ends an offer whose agent turns out to be busy elsewhere; the contact goes on to the next agent."""
    dials = offer.stage is Stage.DIALLING
    close_leg(floor, offer, "ORIGINATOR_CANCEL", now, out)
    if dials:
        _agent_gone(floor, offer, OfferFailure.SWITCH_ERROR, "MANAGER_REQUEST", now, out)
    else:
        fail(floor, offer, OfferFailure.SWITCH_ERROR, "MANAGER_REQUEST", now, out)
