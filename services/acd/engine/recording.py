"""Recording a conversation: begun by the queue's rule, paused by the agent, never silently missing.

What the switch says makes it so: asked for is not recorded, and asked to be silent is not silent. The
recorder stands on the caller's leg, which stays whichever agent is on the other one, and through a hold.
So it has to be stopped when the conversation is over: the caller may go on in a flow.
"""

from __future__ import annotations

from services.acd.domain import RecordingFailure, RecordingRule, RecordingState
from services.acd.engine import stimuli
from services.acd.engine.commands import (
    Command,
    MaskRecording,
    RecordingFailed,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    StartRecording,
    StopRecording,
)
from services.acd.engine.contacts import node_for
from services.acd.engine.floor import Alarm, Contact, Floor, Offer, Queue, Recording
from services.acd.engine.timers import set_timer
from services.chassis.errors import Conflict

BREAK_OFF_MS = 2_000
"""A file that ends with the call is told milliseconds before the call's end is; longer, and it broke off."""


def file_of(contact_id: str, offer_id: str) -> str:
    """The file's name under the recordings folder: both are UUIDs, so nothing that anybody typed is in it."""
    return f"calls/{contact_id}.{offer_id}.wav"


def offer_of(path: str) -> str:
    """Of which conversation a file is; empty: of none (a voicemail, say)."""
    folder, _, name = path.rpartition("/")
    contact, _, rest = name.partition(".")
    offer, dot, ending = rest.partition(".")
    return offer if folder.rpartition("/")[2] == "calls" and contact and dot and ending == "wav" else ""


def word(recording: Recording | None) -> str:
    """How it is, for whoever looks at a contact; empty: it is not recorded."""
    return recording.state.value if recording is not None else ""


def wanted(floor: Floor, queue: Queue) -> bool:
    """Whether the conversations of this queue are recorded."""
    return (queue.settings.recording or floor.policy.record) is RecordingRule.FROM_ANSWER


# ---------------------------------------------------------------- begin and end


def begin(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """Caller and agent hear each other from now on."""
    offer.contact.recording = None
    if offer.leg and wanted(floor, offer.queue):
        made = _make(floor, offer)
        out.append(StartRecording(made.node, made.call_id, made.contact.id, made.offer_id))
        _expect(floor, made, now + floor.policy.recording_ms)


def take_up(
    floor: Floor, offer: Offer, now: int, out: list[Command], *, recorded: bool, paused: bool
) -> None:
    """A conversation found on a switch: its recording goes on, or begins where it should and does not run."""
    if recorded or (offer.leg and wanted(floor, offer.queue)):
        made = _make(floor, offer)
        made.paused_since = now if paused else 0
        made.started_at = offer.contact.answered_at if recorded else 0
        _ask_again(floor, made, now, out)


def _make(floor: Floor, offer: Offer) -> Recording:
    contact = offer.contact
    made = Recording(offer.id, contact, offer.agent.id, offer.queue.name, offer.node, contact.call_id)
    floor.recordings[offer.id] = contact.recording = made
    return made


def end(floor: Floor, offer: Offer, now: int, out: list[Command]) -> None:
    """The conversation is over, whoever ended it."""
    recording = floor.recordings.get(offer.id)
    if recording is None:
        return
    recording.over = True
    offer.contact.recording = None
    if not recording.stopped:  # also of one that failed: it may have begun late
        out.append(StopRecording(recording.node, recording.call_id, recording.contact.id, offer.id))
    if recording.stopped or recording.state is RecordingState.FAILED:
        _forget(floor, recording)
    else:
        _expect(floor, recording, now + floor.policy.recording_ms)


def look_again(floor: Floor, node: str, now: int, out: list[Command]) -> None:
    """The link to a switch is back: what it said meanwhile is lost, so each recording is asked after."""
    for recording in floor.recordings.values():
        if recording.node == node and not recording.over and recording.state is not RecordingState.FAILED:
            _ask_again(floor, recording, now, out)


def _ask_again(floor: Floor, recording: Recording, now: int, out: list[Command]) -> None:
    recording.stopped = False
    paused = bool(recording.paused_since)
    out.append(
        StartRecording(
            recording.node,
            recording.call_id,
            recording.contact.id,
            recording.offer_id,
            paused=paused,
            again=True,
        )
    )
    _expect(floor, recording, now + floor.policy.recording_ms)


# ---------------------------------------------------------------- what the switch says


def runs(floor: Floor, stimulus: stimuli.RecordingRuns, now: int, out: list[Command]) -> None:
    recording = floor.recordings.get(stimulus.offer_id)
    if recording is None or recording.stopped or recording.state is RecordingState.FAILED:
        return
    if not recording.over:
        recording.due = 0
    if recording.state is not RecordingState.STARTING:
        return
    recording.state = RecordingState.PAUSED if recording.paused_since else RecordingState.RUNNING
    recording.started_at = recording.started_at or now
    out.append(RecordingStarted(*_about(recording), recording.started_at))


def file_closed(floor: Floor, stimulus: stimuli.RecordingOver, now: int, out: list[Command]) -> None:
    """Told before the end of a call that ends it; so a moment later it is seen whether it broke off."""
    recording = floor.recordings.get(stimulus.offer_id)
    if recording is None or recording.stopped:
        return
    _stopped(recording, stimulus.length_ms, now, out)
    if recording.over or recording.state is RecordingState.FAILED:
        _forget(floor, recording)
    else:
        _expect(floor, recording, now + BREAK_OFF_MS)


def refused(floor: Floor, stimulus: stimuli.RecordingRefused, now: int, out: list[Command]) -> None:
    recording = floor.recordings.get(stimulus.offer_id)
    if recording is not None and not recording.over:
        _fail(recording, stimulus.why, stimulus.detail, now, out)


def overdue(floor: Floor, recording: Recording, now: int, out: list[Command]) -> None:
    """The switch has not said what it should have said by now."""
    recording.due = 0
    if recording.over:  # its RECORD_STOP was lost with the link: whoever keeps the file looks at it
        if recording.state is RecordingState.STARTING:
            _fail(recording, RecordingFailure.UNCONFIRMED, "", now, out)
        else:
            _stopped(recording, None, now, out)
        _forget(floor, recording)
    elif not node_for(floor, recording.node).up:
        return  # asked after when the link is back
    elif recording.stopped:
        _fail(recording, RecordingFailure.BROKE_OFF, "", now, out)
    else:
        _fail(recording, RecordingFailure.UNCONFIRMED, "", now, out)


def _stopped(recording: Recording, length_ms: int | None, now: int, out: list[Command]) -> None:
    recording.stopped = True
    recording.started_at = recording.started_at or now
    _end_pause(recording, now)
    contact = recording.contact
    out.append(
        RecordingStopped(
            *_about(recording),
            recording.started_at,
            now,
            length_ms,
            contact.from_number,
            contact.to_number,
            contact.customer_id,
            recording.pauses,
        )
    )


def _fail(recording: Recording, why: RecordingFailure, detail: str, now: int, out: list[Command]) -> None:
    if recording.state is not RecordingState.FAILED:
        recording.state, recording.due = RecordingState.FAILED, 0
        out.append(RecordingFailed(*_about(recording), why, detail, now))


def _about(recording: Recording) -> tuple[str, str, str, str, str]:
    return recording.contact.id, recording.offer_id, recording.agent_id, recording.queue, recording.node


def _expect(floor: Floor, recording: Recording, at: int) -> None:
    recording.due = at
    set_timer(floor, at, Alarm.RECORDING, recording)


def _forget(floor: Floor, recording: Recording) -> None:
    recording.due = 0
    floor.recordings.pop(recording.offer_id, None)


# ---------------------------------------------------------------- silence while card data is said


def pause(floor: Floor, contact: Contact, on: bool, out: list[Command]) -> None:
    """Asks the switch. Raises Conflict where nothing is recorded: an agent would rely on it."""
    recording = contact.recording
    if recording is None:
        raise Conflict("This conversation is not recorded.")
    if recording.state is RecordingState.FAILED or recording.stopped:
        raise Conflict("The recording of this conversation failed; nothing is being recorded.")
    if not node_for(floor, recording.node).up:
        raise Conflict("The switch cannot be reached at this moment: the recording is as it was. Try again.")
    if bool(recording.paused_since) is not on:
        out.append(MaskRecording(recording.node, recording.call_id, contact.id, recording.offer_id, on))


def masked(floor: Floor, stimulus: stimuli.RecordingMasked, now: int, out: list[Command]) -> None:
    """The switch has done it."""
    recording = floor.recordings.get(stimulus.offer_id)
    if recording is None or recording.stopped or bool(recording.paused_since) is stimulus.on:
        return
    if stimulus.on:
        recording.paused_since = now
        out.append(RecordingPaused(recording.contact.id, recording.offer_id, recording.agent_id, now))
    else:
        _end_pause(recording, now)
        out.append(RecordingResumed(recording.contact.id, recording.offer_id, recording.agent_id, now))
    if recording.state in (RecordingState.RUNNING, RecordingState.PAUSED):
        recording.state = RecordingState.PAUSED if stimulus.on else RecordingState.RUNNING


def _end_pause(recording: Recording, now: int) -> None:
    if recording.paused_since:
        recording.pauses.append((recording.paused_since, now))
        recording.paused_since = 0
